//! The list of what was received, shared between the receiver's thread, which appends
//! to it, and whoever waits for it to grow.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::Request;

/// Requests in the order in which they were complete.
#[derive(Debug, Default)]
pub(crate) struct Record {
    requests: Mutex<Vec<Request>>,
    grown: Condvar,
}

impl Record {
    pub(crate) fn push(&self, request: Request) {
        self.lock().push(request);
        self.grown.notify_all();
    }

    pub(crate) fn requests(&self) -> Vec<Request> {
        self.lock().clone()
    }

    /// Waits until `enough` says yes to all that was received, or the time is up.
    pub(crate) fn wait_until(
        &self,
        timeout: Duration,
        mut enough: impl FnMut(&[Request]) -> bool,
    ) -> Vec<Request> {
        let deadline = Instant::now() + timeout;
        let mut requests = self.lock();
        while !enough(&requests) {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            requests =
                self.grown.wait_timeout(requests, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        requests.clone()
    }

    /// A test that failed while it looked at the list has not spoilt the list.
    fn lock(&self) -> MutexGuard<'_, Vec<Request>> {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
