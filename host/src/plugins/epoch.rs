//! The clock by which processor time in guests is counted: a thread that advances the
//! engine's epoch while a call is open and sleeps otherwise. It is a thread of its own,
//! so that a guest which holds up the runtime is interrupted all the same.

use std::io;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;

use wasmtime::{Engine, EngineWeak};

use super::limits::EPOCH;

/// Ends with the last handle.
#[derive(Debug)]
pub(super) struct EpochTicker(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    wake: Condvar,
}

#[derive(Debug, Default)]
struct State {
    open_calls: usize,
    ended: bool,
}

/// Keeps the epoch going until it is dropped.
#[derive(Debug)]
pub(super) struct OpenCall<'ticker>(&'ticker Shared);

impl EpochTicker {
    pub(super) fn start(engine: &Engine) -> io::Result<Self> {
        let shared = Arc::new(Shared::default());
        let (for_thread, engine) = (Arc::clone(&shared), engine.weak());
        thread::Builder::new()
            .name("plugin-epoch".to_owned())
            .spawn(move || for_thread.tick(&engine))?;
        Ok(Self(shared))
    }

    pub(super) fn open_call(&self) -> OpenCall<'_> {
        self.0.change(|state| state.open_calls += 1);
        OpenCall(&self.0)
    }
}

impl Shared {
    fn tick(&self, engine: &EngineWeak) {
        loop {
            let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            while state.open_calls == 0 && !state.ended {
                state = self.wake.wait(state).unwrap_or_else(PoisonError::into_inner);
            }
            if state.ended {
                return;
            }
            drop(state);
            thread::sleep(EPOCH);
            match engine.upgrade() {
                Some(engine) => engine.increment_epoch(),
                None => return,
            }
        }
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner));
        self.wake.notify_one();
    }
}

impl Drop for EpochTicker {
    fn drop(&mut self) {
        self.0.change(|state| state.ended = true);
    }
}

impl Drop for OpenCall<'_> {
    fn drop(&mut self) {
        self.0.change(|state| state.open_calls -= 1);
    }
}
