//! A plugin under test: what it asks of the host is written down, and answered from what
//! was written down; its clock and its random numbers are always the same. What is kept
//! holds no secret, and needs none.

use std::collections::{BTreeSet, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use wasmtime_wasi::{Deterministic, HostMonotonicClock, HostWallClock, WasiCtxBuilder};

use super::egress::EgressErrorKind;
use crate::secrets::OwnWords;

/// One thing a plugin asked for, with the answer. Bytes are text where they are printable
/// text, else `hex:` and two digits a byte.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostCall {
    /// What was asked: `POST https://h/x`, `connect tcp://h:1`, `read`, `write`.
    pub call: String,
    /// Headers of a request, a line each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub headers: Vec<String>,
    /// A request's body, or what was written.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub sent: String,
    /// What came back.
    pub answer: HostAnswer,
}

/// What the host answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum HostAnswer {
    /// An HTTP answer: status, headers, body.
    Http(u16, Vec<(String, String)>, String),
    /// What was read.
    Read(String),
    /// It was done.
    Done,
    /// It was not: the kind, as `wit/types.wit` has it, and the words.
    Error(String, String),
}

/// See the module's head. Shared by the lanes of one plugin, which must not be called at
/// the same time.
#[derive(Debug, Default)]
pub struct Rehearsal {
    /// What is still to come; none where the world itself answers.
    script: Option<Mutex<VecDeque<HostCall>>>,
    /// The secrets that it was given when the script was written.
    given_then: BTreeSet<String>,
    heard: Mutex<Vec<HostCall>>,
    given: Mutex<BTreeSet<String>>,
    /// What nobody sees in what was heard.
    concealed: OwnWords,
}

impl Rehearsal {
    /// Lets the world answer, and writes down what it says.
    pub fn recording() -> Self {
        Self::default()
    }

    /// Answers from an earlier recording, in its order; what is not in it gets an error.
    /// Secrets that the plugin was given then it is given again, whether anybody says where
    /// they come from or not.
    pub fn replaying(script: Vec<HostCall>, given_then: BTreeSet<String>) -> Self {
        Self { script: Some(Mutex::new(script.into())), given_then, ..Self::default() }
    }

    /// Everything that was asked, in order, with its answers.
    pub fn heard(&self) -> Vec<HostCall> {
        self.masked(lock(&self.heard).clone())
    }

    /// The names of the secrets that the plugin was given.
    pub fn given(&self) -> BTreeSet<String> {
        lock(&self.given).clone()
    }

    /// Calls without what is secret in them.
    pub fn masked(&self, calls: Vec<HostCall>) -> Vec<HostCall> {
        calls.into_iter().map(|call| call.masked(&self.concealed)).collect()
    }

    /// Hides the plugin's secrets in a value.
    pub fn hide_in_value(&self, value: &mut Value) {
        self.concealed.hide_in_value(value);
    }

    /// Hides confidential settings in all that was heard.
    pub(super) fn conceal_settings(&self, settings: &[Value]) {
        for setting in settings {
            self.concealed.add_setting(setting);
        }
    }

    /// What the plugin is given for a secret, of which `read` is what its source gives. One
    /// that it cannot do without has a text that stands for it.
    pub(super) fn secret(
        &self,
        name: &str,
        is_optional: bool,
        read: Option<Result<String, String>>,
    ) -> Option<Result<String, String>> {
        let value = match read {
            Some(Ok(value)) => value,
            other if is_optional && !self.given_then.contains(name) => return other,
            _ => format!("stand-in-for-{name}"),
        };
        lock(&self.given).insert(name.to_owned());
        self.concealed.add_secret(&value);
        Some(Ok(value))
    }

    /// Whether answers come from a recording.
    pub(super) fn is_scripted(&self) -> bool {
        self.script.is_some()
    }

    /// Writes down what the world answered.
    pub(super) fn hear(&self, call: HostCall) {
        lock(&self.heard).push(call);
    }

    /// The next answer, where the recording goes on with this call.
    pub(super) fn answer(&self, mut call: HostCall) -> HostAnswer {
        let Some(script) = &self.script else { return call.answer };
        let expected = lock(script).pop_front();
        let shown = call.clone().masked(&self.concealed);
        call.answer = match expected.map(|expected| expected.masked(&self.concealed)) {
            Some(expected)
                if (&expected.call, &expected.headers, &expected.sent)
                    == (&shown.call, &shown.headers, &shown.sent) =>
            {
                expected.answer
            }
            Some(expected) => HostAnswer::Error(
                "other".to_owned(),
                format!("the recording goes on with `{}`, not `{}`", expected.call, shown.call),
            ),
            None => HostAnswer::Error(
                "other".to_owned(),
                format!("the recording has ended before `{}`", shown.call),
            ),
        };
        let answer = call.answer.clone();
        self.hear(call);
        answer
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// As a recording names it.
pub(super) fn kind_name(kind: EgressErrorKind) -> &'static str {
    KINDS.iter().find(|(known, _)| *known == kind).map_or("other", |(_, name)| name)
}

/// The kind that a recording names.
pub(super) fn kind_of_name(name: &str) -> EgressErrorKind {
    KINDS.iter().find(|(_, known)| *known == name).map_or(EgressErrorKind::Other, |(kind, _)| *kind)
}

const KINDS: [(EgressErrorKind, &str); 9] = [
    (EgressErrorKind::Denied, "denied"),
    (EgressErrorKind::Limit, "limit"),
    (EgressErrorKind::Invalid, "invalid"),
    (EgressErrorKind::Unresolved, "unresolved"),
    (EgressErrorKind::Unreachable, "unreachable"),
    (EgressErrorKind::TimedOut, "timed-out"),
    (EgressErrorKind::Closed, "closed"),
    (EgressErrorKind::Tls, "tls"),
    (EgressErrorKind::Other, "other"),
];

/// Gives a guest the same clock and random numbers each time.
pub(super) fn fix(wasi: &mut WasiCtxBuilder) {
    let seed: Vec<u8> = (0_u8..=250).map(|byte| byte.wrapping_mul(91).wrapping_add(17)).collect();
    wasi.wall_clock(FixedClock)
        .monotonic_clock(SteppingClock(AtomicU64::new(0)))
        .secure_random(Deterministic::new(seed.clone()))
        .insecure_random(Deterministic::new(seed))
        .insecure_random_seed(1);
}

/// The first second of 2026.
struct FixedClock;

impl HostWallClock for FixedClock {
    fn resolution(&self) -> Duration {
        Duration::from_secs(1)
    }

    fn now(&self) -> Duration {
        Duration::from_hours(490_896)
    }
}

/// A millisecond later each time somebody looks.
struct SteppingClock(AtomicU64);

impl HostMonotonicClock for SteppingClock {
    fn resolution(&self) -> u64 {
        1_000_000
    }

    fn now(&self) -> u64 {
        self.0.fetch_add(1_000_000, Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(what: &str, answer: HostAnswer) -> HostCall {
        HostCall { call: what.into(), headers: Vec::new(), sent: String::new(), answer }
    }

    #[test]
    fn a_recording_answers_in_its_order_and_says_where_it_is_left() {
        let script =
            vec![call("read", HostAnswer::Read("a".into())), call("write", HostAnswer::Done)];
        let rehearsal = Rehearsal::replaying(script, BTreeSet::new());
        assert_eq!(rehearsal.answer(call("read", HostAnswer::Done)), HostAnswer::Read("a".into()));
        let HostAnswer::Error(_, words) = rehearsal.answer(call("read", HostAnswer::Done)) else {
            panic!("it goes on with `write`")
        };
        assert_eq!(words, "the recording goes on with `write`, not `read`");
        let HostAnswer::Error(_, words) = rehearsal.answer(call("read", HostAnswer::Done)) else {
            panic!("it has ended")
        };
        assert_eq!(words, "the recording has ended before `read`");
        assert_eq!(rehearsal.heard().len(), 3);
    }

    #[test]
    fn kinds_have_names_of_their_own() {
        for (kind, name) in KINDS {
            assert_eq!((kind_name(kind), kind_of_name(name)), (name, kind));
        }
    }

    #[test]
    fn a_text_stands_for_a_secret_that_is_not_there() {
        let then = BTreeSet::from(["spare".to_owned()]);
        let rehearsal = Rehearsal::replaying(Vec::new(), then);
        let given = |name: &str, is_optional, read| rehearsal.secret(name, is_optional, read);
        let missing = || Some(Err("it is empty".to_owned()));
        assert_eq!(
            given("real", false, Some(Ok("swordfish".into()))),
            Some(Ok("swordfish".into()))
        );
        assert_eq!(given("token", false, None), Some(Ok("stand-in-for-token".into())));
        assert_eq!(given("token", false, missing()), Some(Ok("stand-in-for-token".into())));
        assert_eq!(given("spare", true, None), Some(Ok("stand-in-for-spare".into())));
        assert_eq!(given("other", true, None), None);
        assert_eq!(given("other", true, missing()), missing());
        assert_eq!(rehearsal.given().into_iter().collect::<Vec<_>>(), ["real", "spare", "token"]);
        let mut said = Value::from("swordfish, stand-in-for-token");
        rehearsal.hide_in_value(&mut said);
        assert_eq!(said, "********, ********");
    }
}
