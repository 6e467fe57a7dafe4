//! {{name}}: what it does, in a sentence.

//< timer
use std::time::Duration;

//>
//< status-sink event-sink
use playhouse_plugin::http::{ErrorKind, Request};
//>
{{imports}}
use schemars::JsonSchema;
use serde::Deserialize;

/// The plugin. An instance lives for the run, unless it panics.
pub struct {{type}} {
    settings: Settings,
    //< timer
    /// What was delivered since the last tick.
    delivered: u64,
    //>
}

/// The settings, and what they are unless the operator says otherwise. `plugin.json` has
/// their schema; after a change, `UPDATE_SCHEMA=1 cargo test` writes it there.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    //< pre-run
    /// What the extra var `region` is set to.
    region: String,
    //>
    //< event-filter
    /// Modules whose events are left out; failures stay.
    drop: Vec<String>,
    //>
    //< event-enricher
    /// What every event gets as a note.
    team: String,
    //>
    //< status-sink event-sink
    /// Where to post. Writing it allows it.
    url: String,
    //>
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            //< pre-run
            region: "north".to_owned(),
            //>
            //< event-filter
            drop: vec!["ansible.builtin.debug".to_owned()],
            //>
            //< event-enricher
            team: "web".to_owned(),
            //>
            //< status-sink event-sink
            url: String::new(),
            //>
        }
    }
}

impl Plugin for {{type}} {
    type Settings = Settings;

    fn init(settings: Settings, setup: &Setup) -> Result<Self, InitError> {
        //< status-sink event-sink
        if settings.url.is_empty() {
            return Err(InitError::config("/url", "write where to post"));
        }
        //>
        info!("run {} begins", setup.run.ident);
        //< not timer
        Ok(Self { settings })
        //>
        //< timer
        Ok(Self { settings, delivered: 0 })
        //>
    }
}
//< pre-run

impl PreRun for {{type}} {
    fn prepare(&mut self, run: &mut Run) -> Result<(), PrepareError> {
        run.set_extravar("region", &self.settings.region, "from the settings");
        Ok(())
    }
}
//>
//< event-filter

impl Filter for {{type}} {
    fn keep(&mut self, event: &Event<'_>) -> bool {
        let is_failure = matches!(event.outcome(), Some(Outcome::Failed | Outcome::Unreachable));
        let is_dropped = |action| self.settings.drop.iter().any(|dropped| dropped == action);
        is_failure || !event.action().is_some_and(is_dropped)
    }
}
//>
//< event-enricher

impl Enricher for {{type}} {
    fn enrich(&mut self, event: &Event<'_>, change: &mut Change) {
        if event.host().is_some() {
            change.note("team", &self.settings.team);
        }
    }
}
//>
//< status-sink

impl StatusSink for {{type}} {
    fn deliver_status(&mut self, change: &StatusChange<'_>) -> Result<(), DeliveryError> {
        self.post(change.json)
    }
}
//>
//< event-sink

impl EventSink for {{type}} {
    fn deliver(&mut self, event: &Event<'_>) -> Result<(), DeliveryError> {
        self.post(event.json().unwrap_or_default())
    }
}
//>
//< timer

impl Timer for {{type}} {
    fn tick(&mut self) -> Option<Duration> {
        info!("{} delivered", std::mem::take(&mut self.delivered));
        Some(Duration::from_secs(30))
    }
}
//>
//< status-sink event-sink

impl {{type}} {
    fn post(&mut self, json: &str) -> Result<(), DeliveryError> {
        let request = Request::post(&self.settings.url)
            .header("content-type", "application/json")
            .body(json);
        let answer = request.send().map_err(|error| match error.kind {
            ErrorKind::Denied | ErrorKind::Invalid => DeliveryError::stopped(error.message),
            _ => DeliveryError::retry(error.message),
        })?;
        if !answer.is_success() {
            return Err(DeliveryError::retry(format!("status {}", answer.status)));
        }
        //< timer
        self.delivered += 1;
        //>
        Ok(())
    }
}
//>

playhouse_plugin::plugin!({{type}}: {{bases}}; "plugin.json");
