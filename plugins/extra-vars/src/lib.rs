//! Sets extra vars and environment variables before a run, or refuses it by a rule.

use playhouse_plugin::{InitError, Plugin, PreRun, PrepareError, Run, Setup, info, plugin};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};

/// See the README.
pub struct ExtraVars {
    settings: Settings,
}

/// The settings.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Variables to set: data, never templates.
    extravars: Map<String, Value>,
    /// Variables of Ansible's environment to set: texts, numbers or booleans.
    envvars: Map<String, Value>,
    /// Rules by which a run is refused.
    refuse: Vec<Rule>,
}

/// A rule: the run is refused when everything in `when` is as it says.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// By JSON Pointer into the view: the value that is there. `null`: nothing is.
    when: Map<String, Value>,
    /// What the operator is told.
    reason: String,
}

const REASON: &str = "from the settings of extra-vars";

impl Plugin for ExtraVars {
    type Settings = Settings;

    fn init(settings: Settings, _setup: &Setup) -> Result<Self, InitError> {
        for (index, rule) in settings.refuse.iter().enumerate() {
            let place =
                |key: &str| playhouse_plugin::pointer(["refuse", &index.to_string(), "when", key]);
            if rule.when.is_empty() {
                let message = "a rule without conditions would refuse every run";
                return Err(InitError::config(place("").trim_end_matches('/'), message));
            }
            if let Some(key) = rule.when.keys().find(|key| !key.starts_with('/')) {
                let message =
                    format!("`{key}` is no JSON Pointer: those begin with `/`, like `/limit`");
                return Err(InitError::config(place(key), message));
            }
        }
        for (name, value) in &settings.envvars {
            if !matches!(value, Value::String(_) | Value::Number(_) | Value::Bool(_)) {
                let place = playhouse_plugin::pointer(["envvars", name]);
                return Err(InitError::config(place, "a variable's value is one text or number"));
            }
        }
        Ok(Self { settings })
    }
}

impl PreRun for ExtraVars {
    fn prepare(&mut self, run: &mut Run) -> Result<(), PrepareError> {
        for rule in &self.settings.refuse {
            match rule.judge(run) {
                Judgement::Applies => return Err(PrepareError::refused(rule.reason.clone())),
                Judgement::Unclear(why) => {
                    let rule = &rule.reason;
                    let reason = format!("the rule `{rule}` cannot be judged: {why}");
                    return Err(PrepareError::refused(reason));
                }
                Judgement::DoesNotApply => {}
            }
        }
        for (name, value) in &self.settings.extravars {
            run.set_extravar(name, value, REASON);
        }
        for (name, value) in &self.settings.envvars {
            run.set_envvar(name, value, REASON);
        }
        info!(
            "set {} extra vars and {} environment variables",
            self.settings.extravars.len(),
            self.settings.envvars.len()
        );
        Ok(())
    }
}

/// What a rule comes to.
enum Judgement {
    Applies,
    DoesNotApply,
    /// For this reason nobody can tell.
    Unclear(String),
}

impl Rule {
    /// One condition that does not hold is enough for the rule not to apply.
    fn judge(&self, run: &Run) -> Judgement {
        let mut judgement = Judgement::Applies;
        for (pointer, expected) in &self.when {
            let found = run.get(pointer).unwrap_or(&Value::Null);
            if !run.may_see(pointer) {
                judgement =
                    Judgement::Unclear(format!("this plugin may not see what is at `{pointer}`"));
            } else if !expected.is_null() && has_secret(found) {
                judgement = Judgement::Unclear(format!(
                    "there is a secret at `{pointer}`, and no plugin sees its value"
                ));
            } else if found != expected {
                return Judgement::DoesNotApply;
            }
        }
        judgement
    }
}

/// Whether a part of the value is not shown.
fn has_secret(value: &Value) -> bool {
    match value {
        Value::Object(members) => {
            members.contains_key("$secret") || members.values().any(has_secret)
        }
        Value::Array(items) => items.iter().any(has_secret),
        _ => false,
    }
}

plugin!(ExtraVars: PreRun; "plugin.json");
