//! SIGINT and SIGTERM stop the run; a second one skips the grace. SIGHUP does nothing: a
//! job outlives the terminal it was started from.

use std::io;
use std::thread;

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use crate::exec::Cancel;

/// Listens on a thread of its own for as long as the program lives.
pub(super) fn cancel_on_signals(cancel: &Cancel) -> io::Result<()> {
    let mut signals = Signals::new([SIGHUP, SIGINT, SIGTERM])?;
    let cancel = cancel.clone();
    thread::Builder::new().name("signals".to_owned()).spawn(move || {
        for signal in signals.forever() {
            if signal != SIGHUP {
                cancel.cancel();
            }
        }
    })?;
    Ok(())
}
