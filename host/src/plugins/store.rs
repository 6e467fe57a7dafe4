//! What belongs to one instance on the host's side: its limits, its empty WASI context
//! and what its imports act on.

use std::sync::Arc;
use std::time::{Duration, Instant};

use wasmtime::component::ResourceTable;
use wasmtime::{Engine, ResourceLimiter, Store, UpdateDeadline};
use wasmtime_wasi::{FsPerms, WasiCtx, WasiCtxBuilder, WasiCtxView, WasiView};
use wasmtime_wasi_http::{WasiHttpCtx, WasiHttpCtxView, WasiHttpView};

use super::Plugin;
use super::egress::Egress;
use super::guest_output::GuestOutput;
use super::log::{LogLevel, PluginLog};
use super::own_secrets::LaneSecrets;
use super::rehearsal;
use super::wasi_http::WasiHttpEgress;

/// Handles a guest may hold at a time.
const HANDLES: usize = 4096;
/// What of the host may stand behind them: open files, streams, bodies, fields. Each may
/// be a descriptor, of which a process has 1,024 by custom.
const RESOURCES: usize = 256;
/// Bytes of randomness in one call.
const RANDOM_BYTES: u64 = 1 << 20;
/// Bytes of headers that `wasi:http` keeps for a guest, a set of them; servers take half as
/// much. There may be two to a resource, a request's and its trailers.
const HEADER_BYTES: usize = 16 << 10;
/// Entries of all tables; a Python plugin has 6,000.
const TABLE_ELEMENTS: usize = 100_000;
/// Core instances, tables and memories of one component.
const CORE_PARTS: usize = 64;

pub(super) struct StoreState {
    wasi: WasiCtx,
    http_context: WasiHttpCtx,
    http_hooks: WasiHttpEgress,
    table: ResourceTable,
    pub(super) memory: MemoryLimiter,
    pub(super) stderr: GuestOutput,
    pub(super) stdout: GuestOutput,
    pub(super) log: Arc<PluginLog>,
    pub(super) egress: Arc<Egress>,
    pub(super) plugin: Arc<Plugin>,
    pub(super) secrets: Arc<LaneSecrets>,
    /// Firings of the epoch that the open call may still see.
    firings_left: u64,
    /// When the open call will be cut off.
    deadline: Instant,
}

impl StoreState {
    /// A store for one instance. The error says which folder cannot be granted.
    pub(super) fn store(
        engine: &Engine,
        plugin: &Arc<Plugin>,
        log: Arc<PluginLog>,
        egress: Arc<Egress>,
        secrets: Arc<LaneSecrets>,
    ) -> Result<Store<Self>, String> {
        let stdout = GuestOutput::new(Arc::clone(&log), LogLevel::Info);
        let stderr = GuestOutput::new(Arc::clone(&log), LogLevel::Warn);
        let mut wasi = WasiCtxBuilder::new();
        wasi.stdout(stdout.clone())
            .stderr(stderr.clone())
            .max_random_size(RANDOM_BYTES)
            .envs(&plugin.variables)
            .allow_tcp(false)
            .allow_udp(false);
        if egress.rehearsal().is_some() {
            rehearsal::fix(&mut wasi);
        }
        for dir in plugin.grants.dirs() {
            let permissions = if dir.may_write { FsPerms::ReadWrite } else { FsPerms::ReadOnly };
            wasi.preopened_dir(&dir.path, dir.path.to_string_lossy(), permissions)
                .map_err(|error| format!("cannot enter the folder `{dir}`: {error:#}"))?;
        }
        let wasi = wasi.build();
        let mut http_context = WasiHttpCtx::new();
        http_context.set_field_size_limit(HEADER_BYTES);
        let mut table = ResourceTable::new();
        table.set_max_capacity(RESOURCES);
        let state = Self {
            wasi,
            http_context,
            http_hooks: WasiHttpEgress::new(Arc::clone(&egress), Arc::clone(&log)),
            table,
            memory: MemoryLimiter {
                max: plugin.limits.memory,
                used: 0,
                peak: 0,
                refused: false,
                elements: 0,
            },
            plugin: Arc::clone(plugin),
            secrets,
            stderr,
            stdout,
            log,
            egress,
            firings_left: 0,
            deadline: Instant::now(),
        };
        let call_bytes = plugin.limits.call_bytes;
        let mut store = Store::new(engine, state);
        store.limiter(|state| &mut state.memory);
        store.set_hostcall_fuel(call_bytes);
        store.set_max_component_handles(HANDLES);
        store.epoch_deadline_callback(|mut context| {
            let state = context.data_mut();
            if state.firings_left == 0 {
                return Ok(UpdateDeadline::Interrupt);
            }
            state.firings_left -= 1;
            Ok(UpdateDeadline::YieldCustom(1, Box::pin(tokio::task::yield_now())))
        });
        Ok(store)
    }

    /// What the guest holds of the host.
    pub(super) fn table(&mut self) -> &mut ResourceTable {
        &mut self.table
    }

    /// Before each call: so many firings of the epoch, and so much time.
    pub(super) fn open_call(store: &mut Store<Self>, firings: u64, wall: Duration) {
        // The first firing may come at once, since the epoch goes on between calls.
        store.data_mut().firings_left = firings.saturating_add(1);
        let deadline = Instant::now() + wall;
        store.data_mut().deadline = deadline;
        store.data_mut().http_hooks.set_deadline(deadline);
        store.set_epoch_deadline(1);
    }

    /// How long an exchange may take so that the plugin hears of its failure before its
    /// call is cut off.
    pub(super) fn time_for_exchange(&self) -> Duration {
        time_before(self.deadline)
    }
}

/// What is left until `deadline`, less what a plugin needs to answer.
pub(super) fn time_before(deadline: Instant) -> Duration {
    let left = deadline.saturating_duration_since(Instant::now());
    left.saturating_sub((left / 10).min(Duration::from_millis(200)))
}

/// Counts all memories of an instance together, as the engine's own limit does not.
pub(super) struct MemoryLimiter {
    max: usize,
    used: usize,
    pub(super) peak: usize,
    /// The guest was told that there is no more.
    pub(super) refused: bool,
    elements: usize,
}

impl ResourceLimiter for MemoryLimiter {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        _: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let used = self.used.saturating_add(desired.saturating_sub(current));
        if used > self.max {
            self.refused = true;
            return Ok(false);
        }
        self.used = used;
        self.peak = self.peak.max(used);
        Ok(true)
    }

    fn table_growing(
        &mut self,
        current: usize,
        desired: usize,
        _: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let elements = self.elements.saturating_add(desired.saturating_sub(current));
        if elements > TABLE_ELEMENTS {
            return Ok(false);
        }
        self.elements = elements;
        Ok(true)
    }

    fn instances(&self) -> usize {
        CORE_PARTS
    }

    fn tables(&self) -> usize {
        CORE_PARTS
    }

    fn memories(&self) -> usize {
        CORE_PARTS
    }
}

impl WasiView for StoreState {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

impl WasiHttpView for StoreState {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView {
            ctx: &mut self.http_context,
            table: &mut self.table,
            hooks: &mut self.http_hooks,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memories_are_counted_together() {
        let mut limiter = MemoryLimiter { max: 100, used: 0, peak: 0, refused: false, elements: 0 };
        assert!(limiter.memory_growing(0, 60, None).unwrap());
        assert!(limiter.memory_growing(0, 40, None).unwrap());
        assert!(!limiter.memory_growing(60, 61, None).unwrap());
        assert!(limiter.refused);
        assert_eq!(limiter.peak, 100);
    }
}
