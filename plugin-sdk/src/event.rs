//! An event as an author sees it.

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::bindings::base::playhouse::plugin::types;

/// One thing that happened in a run, with the play and task it belongs to.
#[derive(Debug, Clone, Copy)]
pub struct Event<'batch> {
    pub(crate) event: &'batch types::Event,
    pub(crate) scope: Option<&'batch types::Scope>,
}

/// How a task or loop item ended on a host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It did what it should.
    Ok,
    /// It failed; [`Event::ignored`] says whether the task ignores that.
    Failed,
    /// A condition kept it from running.
    Skipped,
    /// The host could not be reached.
    Unreachable,
}

impl Outcome {
    /// `ok`, `failed`, `skipped`, `unreachable`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
            Self::Unreachable => "unreachable",
        }
    }
}

/// A note that a plugin before this one left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Note<'batch> {
    /// The plugin that left it.
    pub plugin: &'batch str,
    /// Its key.
    pub key: &'batch str,
    /// One JSON value as text.
    pub value: &'batch str,
}

impl<'batch> Event<'batch> {
    /// 1, 2, 3, … in the order Ansible printed. A filter leaves gaps.
    pub fn counter(&self) -> u64 {
        self.event.counter
    }

    /// Unique in the run.
    pub fn uuid(&self) -> &'batch str {
        &self.event.uuid
    }

    /// `runner_on_ok`, `playbook_on_stats`, `verbose`, … An open set: pass on what you
    /// do not know.
    pub fn name(&self) -> &'batch str {
        &self.event.name
    }

    /// Microseconds since 1970-01-01T00:00:00Z.
    pub fn created(&self) -> u64 {
        self.event.created
    }

    /// The playbook's name as it was given.
    pub fn playbook(&self) -> Option<&'batch str> {
        self.scope?.playbook.as_deref()
    }

    /// The play's name.
    pub fn play(&self) -> Option<&'batch str> {
        self.scope?.play.as_deref()
    }

    /// The role the task belongs to.
    pub fn role(&self) -> Option<&'batch str> {
        self.scope?.role.as_deref()
    }

    /// The task's name.
    pub fn task(&self) -> Option<&'batch str> {
        self.scope?.task.as_deref()
    }

    /// The same for one task on every host.
    pub fn task_uuid(&self) -> Option<&'batch str> {
        self.scope?.task_uuid.as_deref()
    }

    /// `ansible.builtin.copy`
    pub fn action(&self) -> Option<&'batch str> {
        self.scope?.action.as_deref()
    }

    /// Where the task is written: `/srv/project/site.yml:17`.
    pub fn path(&self) -> Option<&'batch str> {
        self.scope?.path.as_deref()
    }

    /// The host it happened on.
    pub fn host(&self) -> Option<&'batch str> {
        self.event.host.as_deref()
    }

    /// How the task or item ended; none where nothing ended.
    pub fn outcome(&self) -> Option<Outcome> {
        self.event.outcome.map(|outcome| match outcome {
            types::Outcome::Ok => Outcome::Ok,
            types::Outcome::Failed => Outcome::Failed,
            types::Outcome::Skipped => Outcome::Skipped,
            types::Outcome::Unreachable => Outcome::Unreachable,
        })
    }

    /// The result says `changed`.
    pub fn changed(&self) -> bool {
        self.event.changed
    }

    /// Failed, and the task says `ignore_errors`.
    pub fn ignored(&self) -> bool {
        self.event.ignored
    }

    /// Microseconds the task took on this host.
    pub fn duration(&self) -> Option<u64> {
        self.event.duration
    }

    /// What the terminal shows for it. None unless the hook's `fields` in `plugin.json`
    /// has `stdout`.
    pub fn stdout(&self) -> Option<&'batch str> {
        self.event.stdout.as_deref()
    }

    /// `event_data` as JSON text. None unless the hook's `fields` has `data`.
    pub fn data(&self) -> Option<&'batch str> {
        self.event.data.as_deref()
    }

    /// The whole event, byte for byte as `job_events/` has it. Sinks only, and none
    /// unless the hook's `fields` has `json`.
    pub fn json(&self) -> Option<&'batch str> {
        self.event.json.as_deref()
    }

    /// How many bytes [`stdout`](Self::stdout), [`data`](Self::data) and
    /// [`json`](Self::json) would have, where that is over the limit and none is there.
    pub fn oversize(&self) -> Option<u64> {
        self.event.oversize
    }

    /// The task's result: `res` of `event_data`, read as `T`. None where the event has
    /// none, or it is no `T`. Needs `data` in the hook's `fields`. [`results`](crate::results)
    /// has types for common modules.
    pub fn result<T: DeserializeOwned>(&self) -> Option<T> {
        let mut data: Value = serde_json::from_str(self.data()?).ok()?;
        serde_json::from_value(data.get_mut("res")?.take()).ok()
    }

    /// What plugins before this one left on it, in chain order.
    pub fn notes(&self) -> impl Iterator<Item = Note<'batch>> + use<'batch> {
        self.event.annotations.iter().map(|note| Note {
            plugin: &note.plugin,
            key: &note.key,
            value: &note.value,
        })
    }
}

/// Events in order, as they came.
#[derive(Debug, Clone, Copy)]
pub struct Batch<'batch>(pub(crate) &'batch types::Batch);

impl<'batch> Batch<'batch> {
    /// The events, first to last.
    pub fn events(&self) -> impl Iterator<Item = Event<'batch>> + use<'batch> {
        let batch = self.0;
        batch.events.iter().map(move |event| {
            let scope = usize::try_from(event.scope).ok().and_then(|index| batch.scopes.get(index));
            Event { event, scope }
        })
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.events.len()
    }

    /// Whether there are none. The host sends no such batch.
    pub fn is_empty(&self) -> bool {
        self.0.events.is_empty()
    }
}
