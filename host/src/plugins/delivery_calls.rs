//! The calls of the delivery lane. They say how it went; what comes again and when is the
//! caller's to decide.

use std::time::{Duration, Instant};

use super::batch::{BatchParts, annotations};
use super::bindings::exports::playhouse::plugin::{event_sink, status_sink};
use super::bindings::playhouse::plugin::delivery::DeliveryError;
use super::instance::{Budget, Lost};
use super::limits::Work;
use super::{Attempt, Delivered, Hook, PluginLane, StatusChange};
use crate::events::SeenEvent;

impl PluginLane {
    /// Gives the status sink one change.
    pub async fn deliver_status(&mut self, change: &StatusChange<'_>) -> Delivered {
        let Some(mut instance) = self.take_instance().await else { return self.ended_delivery() };
        let limits = &self.plugin.limits;
        let budget = Budget::new(limits, Work::Once, limits.deliver);
        let started = Instant::now();
        let change = status_sink::StatusChange {
            number: change.number,
            status: change.status,
            final_: change.is_final,
            created: change.created,
            rc: change.rc,
            json: change.json,
            ext: &[],
        };
        let result = instance.deliver_status(budget, change).await;
        match self.after_call(instance, started, result) {
            Ok(Ok(())) => {
                self.stats.delivered += 1;
                Delivered::All
            }
            Ok(Err(error)) => delivered(0, error),
            Err(lost) => self.failed_delivery(&lost),
        }
    }

    /// Gives the event sink one batch. Events outside the subscription are passed over;
    /// they count as accepted when those before them are.
    pub async fn deliver_events(
        &mut self,
        attempt: &Attempt,
        batch: &[SeenEvent<'_>],
    ) -> Delivered {
        let asked: Vec<usize> = (0..batch.len())
            .filter(|&index| self.plugin.subscribes(Hook::EventSink, &batch[index]))
            .collect();
        if asked.is_empty() {
            return Delivered::All;
        }
        let seen: Vec<SeenEvent<'_>> = asked.iter().map(|&index| batch[index]).collect();
        let Some(mut instance) = self.take_instance().await else { return self.ended_delivery() };
        let limits = &self.plugin.limits;
        let budget = Budget::new(limits, Work::Delivery(seen.len()), limits.deliver);
        let started = Instant::now();
        let notes = annotations(&seen);
        let parts = BatchParts::new(&seen, &notes, self.plugin.texts(Hook::EventSink));
        self.stats.events_in += seen.len() as u64;
        let attempt = event_sink::Attempt { id: &attempt.id, number: attempt.number, ext: &[] };
        let result = instance.deliver_events(budget, attempt, parts.batch()).await;
        match self.after_call(instance, started, result) {
            Ok(Ok(())) => {
                self.stats.delivered += seen.len() as u64;
                Delivered::All
            }
            Ok(Err(failure)) => {
                let taken = usize::try_from(failure.accepted).unwrap_or(usize::MAX);
                if taken > seen.len() {
                    let reason =
                        format!("accepted {taken} of {} events in deliver-events", seen.len());
                    self.count_failure(&reason);
                    return self.failed_or_ended(reason);
                }
                self.stats.delivered += taken as u64;
                let accepted = asked.get(taken).copied().unwrap_or(batch.len());
                delivered(accepted, failure.error)
            }
            Err(lost) => self.failed_delivery(&lost),
        }
    }

    /// Calls the timer; how long until it wants to be called again. None: never.
    pub async fn tick(&mut self) -> Option<Duration> {
        let mut instance = self.take_instance().await?;
        let limits = &self.plugin.limits;
        let budget = Budget::new(limits, Work::Once, limits.deliver);
        let started = Instant::now();
        let result = instance.tick(budget).await;
        match self.after_call(instance, started, result) {
            Ok(next) => next.map(|millis| Duration::from_millis(millis.into())),
            Err(lost) => {
                self.count_failure(lost.reason());
                (!self.ended()).then_some(Duration::ZERO)
            }
        }
    }

    fn failed_delivery(&mut self, lost: &Lost) -> Delivered {
        self.count_failure(lost.reason());
        self.failed_or_ended(lost.reason().to_owned())
    }

    fn failed_or_ended(&self, reason: String) -> Delivered {
        if self.ended() { self.ended_delivery() } else { Delivered::Failed { reason } }
    }

    fn ended_delivery(&self) -> Delivered {
        Delivered::Ended { reason: self.trouble().unwrap_or_default().to_owned() }
    }
}

fn delivered(accepted: usize, error: DeliveryError) -> Delivered {
    match error {
        DeliveryError::Retry(retry) => Delivered::Retry {
            accepted,
            after: retry.after.map(|millis| Duration::from_millis(millis.into())),
            reason: retry.reason,
        },
        DeliveryError::Rejected(reason) => Delivered::Rejected { accepted, reason },
        DeliveryError::Stopped(reason) => Delivered::Stopped { accepted, reason },
    }
}
