//! What reached the receiver, and what should have: every status, and every event that
//! the filter `only-failed` lets through, in order, none twice.

use std::fmt::Write as _;

use receiver::Request;
use serde_json::Value;

use super::artifacts::{counter, name};

/// The statuses of a run that goes well, in order.
const STATUSES: [&str; 3] = ["starting", "running", "successful"];

/// The bodies of all requests, as the run's http-sink sends them.
#[derive(Debug)]
pub(crate) struct Delivery {
    bodies: Vec<Value>,
}

impl Delivery {
    pub(crate) fn of_requests(requests: &[Request]) -> Self {
        let bodies = requests
            .iter()
            .map(|request| {
                serde_json::from_slice(&request.body).unwrap_or_else(|_| request.text().into())
            })
            .collect();
        Self { bodies }
    }

    /// The sequence, a line each, and what annotate left on the first event.
    pub(crate) fn shown(&self, all_events: usize) -> String {
        let mut text = format!(
            "{} statuses, and {} of {all_events} events: those that only-failed lets through.\n",
            self.statuses().count(),
            self.events().count(),
        );
        for body in &self.bodies {
            let _ = match status(body) {
                Some(status) => write!(text, "\n   status  {status}"),
                None => write!(text, "\n  {:>7}  {}", counter(body), shown_event(body)),
            };
        }
        if let Some(event) = self.events().next() {
            let _ = write!(
                text,
                "\n\nannotate left this on event {}: {}",
                counter(event),
                event["playhouse"]["annotations"]["annotate"]
            );
        }
        text
    }

    /// What is missing, doubled, out of place or not annotated, if anything is, given
    /// all events of the run.
    pub(crate) fn complaint(&self, all_events: &[Value]) -> Option<String> {
        let statuses: Vec<_> = self.statuses().collect();
        if statuses != STATUSES {
            return Some(format!(
                "the receiver got the statuses {statuses:?} and should have got {STATUSES:?}"
            ));
        }
        let got: Vec<_> = self.events().map(identity).collect();
        let due: Vec<_> =
            all_events.iter().filter(|event| passes_only_failed(event)).map(identity).collect();
        if got != due {
            return Some(format!(
                "the receiver got the events {:?} and should have got {:?}",
                counters(&got),
                counters(&due)
            ));
        }
        if due.is_empty() {
            return Some("no event passed the filter, so nothing is shown".to_owned());
        }
        let ends = |body: Option<&Value>| body.and_then(status).map(str::to_owned);
        if ends(self.bodies.get(1)).as_deref() != Some("running")
            || ends(self.bodies.last()).as_deref() != Some("successful")
        {
            return Some("the receiver got events before `running` or after the end".to_owned());
        }
        self.events()
            .find(|event| !event["playhouse"]["annotations"]["annotate"].is_object())
            .map(|event| format!("event {} reached the receiver unannotated", counter(event)))
    }

    fn statuses(&self) -> impl Iterator<Item = &str> {
        self.bodies.iter().filter_map(status)
    }

    fn events(&self) -> impl Iterator<Item = &Value> {
        self.bodies.iter().filter(|body| status(body).is_none())
    }
}

/// The rule of the plugin only-failed: what failed or could not be reached, and the
/// recap.
fn passes_only_failed(event: &Value) -> bool {
    let name = name(event);
    name.ends_with("_on_failed")
        || name.ends_with("_async_failed")
        || name == "runner_on_unreachable"
        || name == "playbook_on_stats"
}

fn status(body: &Value) -> Option<&str> {
    body["status"].as_str().filter(|_| body["event"].is_null())
}

fn identity(event: &Value) -> (u64, &str) {
    (counter(event), event["uuid"].as_str().unwrap_or_default())
}

fn counters(events: &[(u64, &str)]) -> Vec<u64> {
    events.iter().map(|(counter, _)| *counter).collect()
}

fn shown_event(event: &Value) -> String {
    let data = &event["event_data"];
    let mut line = format!("{:<22}", name(event));
    for key in ["host", "task"] {
        if let Some(value) = data[key].as_str() {
            let _ = write!(line, "  {value}");
        }
    }
    line.trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn event(counter: u64, name: &str) -> Value {
        json!({
            "counter": counter,
            "uuid": format!("u-{counter}"),
            "event": name,
            "playhouse": {"annotations": {"annotate": {"team": "x"}}},
        })
    }

    fn run() -> Vec<Value> {
        vec![
            event(1, "playbook_on_start"),
            event(2, "runner_on_failed"),
            event(3, "runner_item_on_failed"),
            event(4, "runner_on_ok"),
            event(5, "playbook_on_stats"),
        ]
    }

    fn healthy() -> Delivery {
        let status = |status: &str| json!({"status": status, "runner_ident": "demo"});
        let [_, failed, item, _, recap] = run().try_into().expect("five events");
        Delivery {
            bodies: vec![
                status("starting"),
                status("running"),
                failed,
                item,
                recap,
                status("successful"),
            ],
        }
    }

    #[test]
    fn a_healthy_delivery_has_no_complaint() {
        assert_eq!(healthy().complaint(&run()), None);
    }

    #[test]
    fn whatever_is_not_exactly_right_is_a_complaint() {
        type Break = fn(&mut Vec<Value>);
        let broken: [(&str, Break); 7] = [
            ("missing", |bodies| drop(bodies.remove(3))),
            ("twice", |bodies| bodies.insert(3, bodies[2].clone())),
            ("out of order", |bodies| bodies.swap(2, 3)),
            ("not filtered", |bodies| bodies.insert(4, event(4, "runner_on_ok"))),
            ("status missing", |bodies| drop(bodies.remove(0))),
            ("event after the end", |bodies| bodies.swap(4, 5)),
            ("unannotated", |bodies| bodies[2]["playhouse"] = Value::Null),
        ];
        for (what, breaks) in broken {
            let mut delivery = healthy();
            breaks(&mut delivery.bodies);
            assert!(delivery.complaint(&run()).is_some(), "{what}");
        }
    }
}
