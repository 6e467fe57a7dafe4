//! What `plugin!` needs: the hooks' exports, written once for every plugin.

use serde::de::DeserializeOwned;

use crate::bindings::{
    base, event_enricher, event_filter, event_sink, pre_run, status_sink, timer,
};
use crate::event::Batch;
pub use crate::metadata::check as check_metadata;
use crate::plugin::{
    Attempt, Change, DeliveryError, Ending, Enricher, EventSink, Filter, InitError, Lane, Plugin,
    PreRun, PrepareError, RunFacts, Setup, StatusChange, StatusSink, Timer,
};
use crate::run::{Edit, Run};

use base::exports::playhouse::plugin::lifecycle;
use base::playhouse::plugin::types;
use event_enricher::exports::playhouse::plugin::event_enricher as enricher;
use event_filter::exports::playhouse::plugin::event_filter as filter;
use event_sink::exports::playhouse::plugin::event_sink as sink;
use pre_run::exports::playhouse::plugin::pre_run as prerun;
use status_sink::exports::playhouse::plugin::status_sink as status;
use status_sink::playhouse::plugin::delivery;
use timer::exports::playhouse::plugin::timer as tick;

/// The component's one instance of the plugin.
pub trait Instance {
    /// The author's type.
    type Plugin: Plugin;

    /// Looks at the place where it is kept; it is empty before `init`.
    fn with<R>(look: impl FnOnce(&mut Option<Self::Plugin>) -> R) -> R;

    /// Calls a hook. The host calls none before `init` has succeeded.
    fn call<R>(hook: impl FnOnce(&mut Self::Plugin) -> R) -> R {
        Self::with(|plugin| hook(plugin.as_mut().expect("the host calls `init` first")))
    }
}

impl<C: Instance> lifecycle::Guest for C {
    fn init(setup: lifecycle::Setup) -> Result<(), lifecycle::InitError> {
        let facts = setup_of(&setup);
        let plugin = start::<C::Plugin>(&setup.config, &facts).map_err(|error| match error {
            InitError::Config { setting, message } => {
                lifecycle::InitError::Config(lifecycle::ConfigError { setting, message })
            }
            InitError::Failed(message) => lifecycle::InitError::Failed(message),
        })?;
        C::with(|place| *place = Some(plugin));
        Ok(())
    }

    fn finish(ending: lifecycle::Ending) -> Result<(), String> {
        let ending = Ending { status: ending.status, rc: ending.rc, complete: ending.complete };
        C::call(|plugin| plugin.finish(&ending))
    }
}

impl<C: Instance<Plugin: PreRun>> prerun::Guest for C {
    fn prepare(view: types::Json) -> Result<Vec<prerun::Edit>, prerun::PrepareError> {
        let failed = |message| prerun::PrepareError::Failed(message);
        let view = serde_json::from_str(&view).map_err(|error| failed(error.to_string()))?;
        let mut run = Run::new(view);
        match C::call(|plugin| plugin.prepare(&mut run)) {
            Ok(()) => Ok(run.edits.into_iter().map(edit).collect()),
            Err(PrepareError::Refused(reason)) => {
                Err(prerun::PrepareError::Refused(prerun::Refusal { reason, ext: Vec::new() }))
            }
            Err(PrepareError::Failed(message)) => Err(failed(message)),
        }
    }
}

impl<C: Instance<Plugin: Filter>> filter::Guest for C {
    fn keep(batch: types::Batch) -> Vec<bool> {
        C::call(|plugin| Batch(&batch).events().map(|event| plugin.keep(&event)).collect())
    }
}

impl<C: Instance<Plugin: Enricher>> enricher::Guest for C {
    fn enrich(batch: types::Batch) -> Vec<enricher::Change> {
        C::call(|plugin| {
            let mut changes = Vec::with_capacity(batch.events.len());
            for event in Batch(&batch).events() {
                let mut change = Change::default();
                plugin.enrich(&event, &mut change);
                if !change.is_empty() {
                    changes.push(enricher::Change {
                        counter: event.counter(),
                        notes: change
                            .notes
                            .into_iter()
                            .map(|(key, value)| enricher::Note { key, value })
                            .collect(),
                        data: change.data,
                        stdout: change.stdout,
                        ext: Vec::new(),
                    });
                }
            }
            changes
        })
    }
}

impl<C: Instance<Plugin: StatusSink>> status::Guest for C {
    fn deliver_status(change: status::StatusChange) -> Result<(), delivery::DeliveryError> {
        let change = StatusChange {
            number: change.number,
            status: &change.status,
            is_final: change.final_,
            created: change.created,
            rc: change.rc,
            json: &change.json,
        };
        C::call(|plugin| plugin.deliver_status(&change)).map_err(delivery_error)
    }
}

impl<C: Instance<Plugin: EventSink>> sink::Guest for C {
    fn deliver_events(
        attempt: sink::Attempt,
        batch: types::Batch,
    ) -> Result<(), sink::DeliveryFailure> {
        let attempt = Attempt { id: &attempt.id, number: attempt.number };
        C::call(|plugin| plugin.deliver_batch(&attempt, &Batch(&batch))).map_err(|failure| {
            sink::DeliveryFailure {
                accepted: u32::try_from(failure.accepted).unwrap_or(u32::MAX),
                error: delivery_error(failure.error),
            }
        })
    }
}

impl<C: Instance<Plugin: Timer>> tick::Guest for C {
    fn tick() -> Option<u32> {
        let next = C::call(Timer::tick)?;
        Some(u32::try_from(next.as_millis()).unwrap_or(u32::MAX))
    }
}

/// Reads the settings and starts a plugin.
pub(crate) fn start<P: Plugin>(config: &str, setup: &Setup) -> Result<P, InitError> {
    P::init(settings(config)?, setup)
}

/// The settings as the author's type; what does not fit is named by its JSON Pointer.
fn settings<T: DeserializeOwned>(config: &str) -> Result<T, InitError> {
    let mut deserializer = serde_json::Deserializer::from_str(config);
    serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        let mut setting = String::new();
        for segment in error.path() {
            match segment {
                serde_path_to_error::Segment::Seq { index } => {
                    setting.push_str(&crate::run::pointer([index.to_string().as_str()]));
                }
                serde_path_to_error::Segment::Map { key } => {
                    setting.push_str(&crate::run::pointer([key.as_str()]));
                }
                _ => {}
            }
        }
        let message = error.into_inner().to_string();
        // Where in the JSON text it is says nothing to who wrote YAML.
        let message = message.split(" at line ").next().unwrap_or(&message).to_owned();
        InitError::Config { setting, message }
    })
}

fn setup_of(setup: &lifecycle::Setup) -> Setup {
    Setup {
        name: setup.name.clone(),
        host_version: setup.host_version.clone(),
        lane: match setup.lane {
            lifecycle::Lane::Path => Lane::Path,
            lifecycle::Lane::Delivery => Lane::Delivery,
        },
        purpose: setup.purpose.clone(),
        restart: setup.restart,
        run: RunFacts {
            id: setup.run.id.clone(),
            ident: setup.run.ident.clone(),
            playbook: setup.run.playbook.clone(),
            started: setup.run.started,
            facts: setup.run.ext.clone(),
        },
    }
}

fn edit(edit: Edit) -> prerun::Edit {
    match edit {
        Edit::Set { path, value, reason } => {
            prerun::Edit::Set(prerun::Assignment { path, value, reason })
        }
        Edit::Append { path, value, reason } => {
            prerun::Edit::Append(prerun::Assignment { path, value, reason })
        }
        Edit::Unset { path } => prerun::Edit::Unset(path),
    }
}

fn delivery_error(error: DeliveryError) -> delivery::DeliveryError {
    match error {
        DeliveryError::Retry { after, reason } => delivery::DeliveryError::Retry(delivery::Retry {
            after: after.map(|after| u32::try_from(after.as_millis()).unwrap_or(u32::MAX)),
            reason,
        }),
        DeliveryError::Rejected(reason) => delivery::DeliveryError::Rejected(reason),
        DeliveryError::Stopped(reason) => delivery::DeliveryError::Stopped(reason),
    }
}

/// Joins a name and version to the members of a JSON object, at compile time.
pub const fn metadata<const SIZE: usize>(head: &str, object: &str) -> [u8; SIZE] {
    let (head, object) = (head.as_bytes(), object.as_bytes());
    let mut bytes = [b' '; SIZE];
    let mut at = 0;
    while at < head.len() {
        bytes[at] = head[at];
        at += 1;
    }
    let mut from = 0;
    while object[from] != b'{' {
        from += 1;
    }
    from += 1;
    while from < object.len() {
        bytes[at] = object[from];
        at += 1;
        from += 1;
    }
    bytes
}

/// Makes a component of a plugin: names its type, the hooks it has, and its metadata.
///
/// ```text
/// playhouse_plugin::plugin!(MyPlugin: Filter, EventSink; "plugin.json");
/// ```
///
/// The metadata file lies beside `Cargo.toml` and is described by
/// `wit/plugin.schema.json`; name and version come from `Cargo.toml`. Natively the macro
/// only checks that the hooks are implemented, so that tests can be ordinary ones. In a
/// component what the metadata says that means nothing does not compile.
#[macro_export]
macro_rules! plugin {
    ($plugin:ty: $($hook:ident),+ $(,)?; $metadata:literal) => {
        const _: () = {
            $(
                const _: () = {
                    const fn has<P: $crate::$hook>() {}
                    has::<$plugin>();
                };
            )+

            #[cfg(target_family = "wasm")]
            const OBJECT: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/", $metadata));
            #[cfg(target_family = "wasm")]
            const _: () = $crate::export::check_metadata(OBJECT);

            #[cfg(target_family = "wasm")]
            const _: () = {
                struct Component;

                ::std::thread_local! {
                    static PLUGIN: ::std::cell::RefCell<::std::option::Option<$plugin>> =
                        const { ::std::cell::RefCell::new(::std::option::Option::None) };
                }

                impl $crate::export::Instance for Component {
                    type Plugin = $plugin;

                    fn with<R>(look: impl FnOnce(&mut ::std::option::Option<$plugin>) -> R) -> R {
                        PLUGIN.with_borrow_mut(look)
                    }
                }

                $crate::bindings::base::export_lifecycle!(
                    Component with_types_in $crate::bindings::base
                );
                $($crate::__export_hook!($hook Component);)+

                const HEAD: &str = concat!(
                    "{\"name\":\"",
                    env!("CARGO_PKG_NAME"),
                    "\",\"version\":\"",
                    env!("CARGO_PKG_VERSION"),
                    "\",\"sdk\":\"",
                    $crate::__sdk!(),
                    "\","
                );
                #[used]
                #[unsafe(link_section = "playhouse:plugin")]
                static METADATA: [u8; HEAD.len() + OBJECT.len() - 1] =
                    $crate::export::metadata(HEAD, OBJECT);
            };
        };
    };
}

/// What says in a component's metadata that it was looked at while it was built.
#[doc(hidden)]
#[macro_export]
macro_rules! __sdk {
    () => {
        "rust 0.1.0"
    };
}

/// The export macro of one hook.
#[doc(hidden)]
#[macro_export]
macro_rules! __export_hook {
    (PreRun $component:ident) => {
        $crate::bindings::pre_run::export_pre_run!($component with_types_in $crate::bindings::pre_run);
    };
    (Filter $component:ident) => {
        $crate::bindings::event_filter::export_event_filter!(
            $component with_types_in $crate::bindings::event_filter
        );
    };
    (Enricher $component:ident) => {
        $crate::bindings::event_enricher::export_event_enricher!(
            $component with_types_in $crate::bindings::event_enricher
        );
    };
    (StatusSink $component:ident) => {
        $crate::bindings::status_sink::export_status_sink!(
            $component with_types_in $crate::bindings::status_sink
        );
    };
    (EventSink $component:ident) => {
        $crate::bindings::event_sink::export_event_sink!(
            $component with_types_in $crate::bindings::event_sink
        );
    };
    (Timer $component:ident) => {
        $crate::bindings::timer::export_timer!($component with_types_in $crate::bindings::timer);
    };
}

#[cfg(test)]
mod tests {
    #[test]
    fn components_say_by_which_version_they_were_made() {
        assert_eq!(crate::__sdk!(), concat!("rust ", env!("CARGO_PKG_VERSION")));
    }
}
