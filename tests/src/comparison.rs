//! Playhouse's run beside Ansible Runner's: everything that must be equal, place by
//! place.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::fs;

use serde_json::{Map, Value};

use crate::form::{EventForm, Ids, event_form, facts_form, shown_by, without_times};
use crate::peer::{Both, Left, run_both};
use crate::ran::{events_in, text};
use crate::tree::{Entry, tree};
use crate::{Ran, RunTest};

/// A run of Playhouse, and where Ansible Runner's was another.
pub struct Comparison {
    /// Playhouse's run.
    pub ran: Ran,
    /// Every place where the two are not equal.
    pub unlike: Vec<Unlike>,
}

/// A place where the two runs are not equal.
#[derive(Debug)]
pub struct Unlike {
    /// Where: `exit code`, `command env NAME`, `event 7 runner_on_ok event_data res msg`.
    pub place: String,
    ours: String,
    theirs: String,
}

impl fmt::Display for Unlike {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { place, ours, theirs } = self;
        write!(formatter, "{place}\n  ours:   {ours}\n  theirs: {theirs}")
    }
}

/// Runs both and ends the test where anything but ids and times is not equal. Ansible
/// Runner's `command` has every value in clear, so ours is asked for them too.
pub fn same_as_peer(test: RunTest, arguments: &[&str]) -> Ran {
    let test = test.own_arguments(&["--command-file", "full"]);
    let Comparison { ran, unlike } = compare_with_peer(test.arguments(arguments));
    let places: Vec<String> = unlike.iter().map(Unlike::to_string).collect();
    assert!(unlike.is_empty(), "{}\n{}", places.join("\n"), ran.stderr);
    ran
}

/// Runs both, each on the same input, and compares all they leave.
///
/// What the terminal and `stdout` show is held against the peer's, or else against the
/// text of its events, since it loses lines of both by timing.
pub fn compare_with_peer(test: RunTest) -> Comparison {
    let Both { ran, ours, theirs, any_order } = run_both(test);
    let mut places = Places::default();
    places.same("exit code", &ours.code, &theirs.code);
    places.input(&ours, &theirs);
    match (ours.artifacts.is_dir(), theirs.artifacts.is_dir()) {
        (true, true) => places.artifacts(&ours, &theirs, any_order),
        (ours, theirs) => places.same("artifacts", &ours, &theirs),
    }
    Comparison { ran, unlike: places.unlike }
}

#[derive(Default)]
struct Places {
    unlike: Vec<Unlike>,
}

impl Places {
    fn same<T: PartialEq + fmt::Debug>(&mut self, place: impl Into<String>, ours: &T, theirs: &T) {
        if ours != theirs {
            self.push(place, short(&format!("{ours:?}")), short(&format!("{theirs:?}")));
        }
    }

    fn push(&mut self, place: impl Into<String>, ours: String, theirs: String) {
        self.unlike.push(Unlike { place: place.into(), ours, theirs });
    }

    /// What a run left in the private data directory beside its artifacts.
    fn input(&mut self, ours: &Left, theirs: &Left) {
        let [ours, theirs] = [ours, theirs].map(|left| tree(&left.data, Some(&left.artifacts)));
        for path in union(&ours, &theirs) {
            self.same(format!("input {path}"), &ours.get(path), &theirs.get(path));
        }
    }

    fn artifacts(&mut self, ours: &Left, theirs: &Left, any_order: bool) {
        for name in ["status", "rc"] {
            self.same(name, &ours.read(name), &theirs.read(name));
        }
        self.command(&ours.json("command"), &theirs.json("command"));
        self.files(ours, theirs);
        let [ours_events, theirs_events] =
            [ours, theirs].map(|left| events_in(&left.artifacts.join("job_events")));
        if any_order {
            self.events_by_host(&ours_events, &theirs_events);
            let shown = [&ours.stdout, &shown_by(&theirs_events)].map(|text| lines_in_order(text));
            self.texts("terminal", &shown[0], &shown[1]);
        } else if self.events(&ours_events, &theirs_events) {
            self.shown(ours, theirs, &theirs_events);
        }
        for name in theirs.names_in("fact_cache") {
            self.facts(&name, ours, theirs);
        }
    }

    /// What Ansible was given.
    fn command(&mut self, ours: &Value, theirs: &Value) {
        self.values("command argv", &ours["command"], &theirs["command"]);
        self.values("command cwd", &ours["cwd"], &theirs["cwd"]);
        let [ours, theirs] = [ours, theirs].map(|command| environment_form(&command["env"]));
        for name in union(&ours, &theirs) {
            self.same(format!("command env {name}"), &ours.get(name), &theirs.get(name));
        }
    }

    /// Which files there are, and who may read them.
    fn files(&mut self, ours: &Left, theirs: &Left) {
        let [mut ours, theirs] = [ours, theirs].map(modes);
        for own in ["journal", "plugins"] {
            ours.remove(own);
        }
        for path in union(&ours, &theirs) {
            let modes =
                [&ours, &theirs].map(|modes| modes.get(path).map(|mode| format!("{mode:o}")));
            self.same(format!("artifact {path}"), &modes[0], &modes[1]);
        }
    }

    /// Compares events one by one; whether they are as many and of the same names.
    fn events(&mut self, ours: &[Value], theirs: &[Value]) -> bool {
        let names = [ours, theirs].map(names_of);
        if names[0] != names[1] {
            let first = names[0].iter().zip(&names[1]).take_while(|(ours, theirs)| ours == theirs);
            let first = first.count();
            let rest = names.map(|names| {
                let rest: Vec<String> = names.into_iter().skip(first).take(8).collect();
                format!("from {}: {}", first + 1, rest.join(", "))
            });
            self.push("events", rest[0].clone(), rest[1].clone());
            return false;
        }
        let mut ids = [Ids::default(), Ids::default()];
        for (ours, theirs) in ours.iter().zip(theirs) {
            let place = format!("event {} {}", ours["counter"], text(ours, "event"));
            let (ours, theirs) = (ids[0].event_form(ours), ids[1].event_form(theirs));
            self.values(&place, &ours, &theirs);
        }
        true
    }

    /// With several forks hosts take turns as they like; each host's events have an order.
    fn events_by_host(&mut self, ours: &[Value], theirs: &[Value]) {
        let [ours, theirs] = [ours, theirs].map(by_host);
        for host in union(&ours, &theirs) {
            let [ours, theirs] =
                [&ours, &theirs].map(|hosts| hosts.get(host).cloned().unwrap_or_default());
            self.values(&format!("events of {host:?}"), &ours.into(), &theirs.into());
        }
    }

    /// The terminal and the file `stdout`: as the peer's, or else as its events say.
    fn shown(&mut self, ours: &Left, theirs: &Left, events: &[Value]) {
        let [our_file, their_file] = [ours, theirs].map(|left| left.read("stdout"));
        let their_file_text = their_file.as_deref().unwrap_or_default();
        let is_json = [theirs.stdout.as_str(), their_file_text]
            .iter()
            .any(|shown| shown.starts_with("{\"uuid\": ") || shown.starts_with("{\"event\": "));
        let (form, whole): (fn(&str) -> String, String) = if is_json {
            let lines = events.iter().map(|event| event_form(event).to_string() + "\n");
            (json_lines_form, lines.collect())
        } else {
            (without_times, without_times(&shown_by(events)))
        };
        let mut compare = |place: &str, ours: &str, theirs: &str, expected: &str| {
            let (ours, theirs) = (form(ours), form(theirs));
            if ours != theirs || theirs.is_empty() {
                self.texts(place, &ours, expected);
            }
        };
        let is_quiet =
            theirs.stdout.is_empty() && their_file.as_ref().is_none_or(|shown| !shown.is_empty());
        let on_terminal = if is_quiet { "" } else { &whole };
        compare("terminal", &ours.stdout, &theirs.stdout, on_terminal);
        if let Some(our_file) = our_file
            && their_file.is_some()
        {
            compare("stdout file", &our_file, their_file_text, &whole);
        }
    }

    fn facts(&mut self, name: &str, ours: &Left, theirs: &Left) {
        let name = format!("fact_cache/{name}");
        let [ours, theirs] = [ours, theirs].map(|left| {
            let mut facts = left.json(&name);
            // Since 2.19 facts are JSON in a text in JSON.
            if let Some(Value::String(payload)) = facts.get("__payload__") {
                facts = serde_json::from_str(payload).expect("JSON");
            }
            if let Value::Object(facts) = &mut facts {
                facts_form(facts);
            }
            facts
        });
        self.values(&format!("facts {name}"), &ours, &theirs);
    }

    /// Compares values member by member, and the order of members.
    fn values(&mut self, place: &str, ours: &Value, theirs: &Value) {
        match (ours, theirs) {
            (Value::Object(ours), Value::Object(theirs)) => {
                let keys = [ours, theirs].map(|members| members.keys().cloned().collect());
                let keys: [Vec<String>; 2] = keys;
                self.same(format!("{place} keys"), &keys[0], &keys[1]);
                for (key, ours) in ours {
                    if let Some(theirs) = theirs.get(key) {
                        self.values(&format!("{place} {key}"), ours, theirs);
                    }
                }
            }
            (Value::Array(ours), Value::Array(theirs)) if ours.len() == theirs.len() => {
                for (index, (ours, theirs)) in ours.iter().zip(theirs).enumerate() {
                    self.values(&format!("{place} {index}"), ours, theirs);
                }
            }
            (Value::String(ours), Value::String(theirs)) => self.texts(place, ours, theirs),
            _ => self.same(place, ours, theirs),
        }
    }

    /// Compares texts; tells of the first line that is not equal.
    fn texts(&mut self, place: &str, ours: &str, theirs: &str) {
        if ours == theirs {
            return;
        }
        let mut lines = [ours, theirs].map(|text| text.split_inclusive('\n'));
        let mut number = 0;
        let (ours, theirs) = loop {
            number += 1;
            match lines.each_mut().map(Iterator::next) {
                [ours, theirs] if ours == theirs => {}
                [ours, theirs] => break (ours, theirs),
            }
        };
        let said =
            [ours, theirs].map(|line| format!("line {number}: {}", short(&format!("{line:?}"))));
        let [ours, theirs] = said;
        self.push(place, ours, theirs);
    }
}

impl Left {
    fn read(&self, name: &str) -> Option<String> {
        fs::read(self.artifacts.join(name))
            .ok()
            .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
    }

    fn json(&self, name: &str) -> Value {
        self.read(name).map_or(Value::Null, |text| serde_json::from_str(&text).expect("JSON"))
    }

    fn names_in(&self, folder: &str) -> Vec<String> {
        tree(&self.artifacts.join(folder), None).into_keys().collect()
    }
}

/// The environment with what each runner needs for itself under one name.
fn environment_form(environment: &Value) -> BTreeMap<String, String> {
    let mut form = BTreeMap::new();
    for (name, value) in environment.as_object().into_iter().flatten() {
        let value = value.as_str().unwrap_or_default();
        let (name, value) = match (name.as_str(), value) {
            // Our callback is told so elsewhere.
            ("ORIGINAL_STDOUT_CALLBACK", _) => continue,
            ("ANSIBLE_STDOUT_CALLBACK", "playhouse_display" | "awx_display") => {
                ("ANSIBLE_STDOUT_CALLBACK", "[the runner's]")
            }
            ("ANSIBLE_CALLBACK_PLUGINS", folders) => (
                "ANSIBLE_CALLBACK_PLUGINS",
                folders.rsplit_once(':').map_or("", |(users, _)| users),
            ),
            known => known,
        };
        form.insert(name.to_owned(), value.to_owned());
    }
    form
}

/// The permissions of artifacts; those of events under one name.
fn modes(left: &Left) -> BTreeMap<String, u32> {
    tree(&left.artifacts, None)
        .into_iter()
        .filter(|(path, _)| !path.starts_with("plugins/"))
        .map(|(path, Entry { mode, .. })| match path.split_once('/') {
            Some(("job_events", name)) if name.ends_with("-partial.json") => {
                ("job_events/partial".to_owned(), mode)
            }
            Some(("job_events", _)) => ("job_events/event".to_owned(), mode),
            _ => (path, mode),
        })
        .collect()
}

fn names_of(events: &[Value]) -> Vec<String> {
    events.iter().map(|event| text(event, "event")).collect()
}

fn by_host(events: &[Value]) -> BTreeMap<String, Vec<EventForm>> {
    let mut hosts: BTreeMap<String, Vec<EventForm>> = BTreeMap::new();
    for event in events {
        let mut form = event_form(event);
        for member in ["counter", "start_line", "end_line"] {
            form[member] = Value::Null;
        }
        // The counts have hosts in the order in which they came to something.
        form.sort_all_objects();
        hosts.entry(text(&event["event_data"], "host")).or_default().push(form);
    }
    hosts
}

/// The lines of a text, sorted.
fn lines_in_order(text: &str) -> String {
    let text = without_times(text);
    let mut lines: Vec<&str> = text.split_inclusive('\n').collect();
    lines.sort_unstable();
    lines.concat()
}

fn json_lines_form(lines: &str) -> String {
    let form = |line: &str| match serde_json::from_str::<Map<String, Value>>(line) {
        Ok(event) => event_form(&event.into()).to_string() + "\n",
        Err(_) => line.to_owned(),
    };
    lines.split_inclusive('\n').map(form).collect()
}

fn union<'map, V>(
    ours: &'map BTreeMap<String, V>,
    theirs: &'map BTreeMap<String, V>,
) -> BTreeSet<&'map String> {
    ours.keys().chain(theirs.keys()).collect()
}

/// Enough of a text to tell what is the matter.
fn short(text: &str) -> String {
    const LONGEST: usize = 400;
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}… ({} bytes)", &text[..end], text.len()),
        None => text.to_owned(),
    }
}
