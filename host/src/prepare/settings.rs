//! `env/settings`: the keys of Ansible Runner 2.4.3, and what of them a run obeys.

use std::path::Path;
use std::time::Duration;

use serde_json::{Map, Value};

use super::PrepareError;
use crate::input::JobEvents;

/// The keys of `env/settings` that a run obeys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunSettings {
    /// `fact_cache`: the folder for facts in the artifact directory.
    pub fact_cache: String,
    /// `job_events`: where events lie. Ours alone.
    pub job_events: JobEvents,
    /// `suppress_output_file`: no `stdout` and `stderr` artifacts.
    pub suppress_output_file: bool,
    /// `suppress_ansible_output`: nothing on the terminal; beats `-q`.
    pub suppress_ansible_output: Option<bool>,
    /// `idle_timeout`: how long Ansible may say nothing.
    pub idle_timeout: Option<Duration>,
    /// `job_timeout`: how long Ansible may run.
    pub job_timeout: Option<Duration>,
}

/// Keys that are known and change nothing here: how Ansible Runner polls, and what
/// belongs to a kind of isolation that is off.
const WITHOUT_EFFECT: [&str; 14] = [
    "pexpect_timeout",
    "pexpect_use_poll",
    "subprocess_timeout",
    "fact_cache_type",
    "process_isolation_executable",
    "process_isolation_path",
    "process_isolation_hide_paths",
    "process_isolation_show_paths",
    "process_isolation_ro_paths",
    "container_image",
    "container_volume_mounts",
    "container_options",
    "container_auth_data",
    "directory_isolation_cleanup",
];

/// Keys that a run obeys, or refuses where they ask for isolation.
const WITH_EFFECT: [&str; 8] = [
    "job_events",
    "idle_timeout",
    "job_timeout",
    "suppress_ansible_output",
    "suppress_output_file",
    "fact_cache",
    "process_isolation",
    "directory_isolation_base_path",
];

/// Settings of plugins: Ansible Runner's have names like `runner_http_url`.
const OF_PLUGINS: &str = "runner_";

/// More than a year of seconds is a mistake, and more than fits is an error.
const LONGEST: f64 = 1e9;

impl RunSettings {
    /// Reads the content of the file at `path`; also gives what the operator should hear.
    pub(super) fn read(
        path: &Path,
        settings: &Map<String, Value>,
    ) -> Result<(Self, Vec<String>), PrepareError> {
        let reader = Reader { path, settings };
        reader.refuse_isolation()?;
        let settings = Self {
            fact_cache: reader.folder("fact_cache")?.unwrap_or_else(|| "fact_cache".to_owned()),
            job_events: reader.job_events()?,
            suppress_output_file: reader.boolean("suppress_output_file")?.unwrap_or(false),
            suppress_ansible_output: reader.boolean("suppress_ansible_output")?,
            idle_timeout: reader.seconds("idle_timeout")?,
            job_timeout: reader.seconds("job_timeout")?,
        };
        Ok((settings, reader.warnings()))
    }
}

struct Reader<'file> {
    path: &'file Path,
    settings: &'file Map<String, Value>,
}

impl Reader<'_> {
    fn get(&self, key: &str) -> Option<&Value> {
        self.settings.get(key).filter(|value| !value.is_null())
    }

    fn boolean(&self, key: &'static str) -> Result<Option<bool>, PrepareError> {
        match self.get(key) {
            None => Ok(None),
            Some(Value::Bool(value)) => Ok(Some(*value)),
            Some(other) => Err(self.wrong(key, other, "`true` or `false`")),
        }
    }

    fn folder(&self, key: &'static str) -> Result<Option<String>, PrepareError> {
        match self.get(key) {
            None => Ok(None),
            Some(Value::String(name)) => Ok(Some(name.clone())),
            Some(other) => Err(self.wrong(key, other, "the name of a folder")),
        }
    }

    fn job_events(&self) -> Result<JobEvents, PrepareError> {
        match self.get("job_events").map(|value| (value, value.as_str())) {
            None | Some((_, Some("files"))) => Ok(JobEvents::Files),
            Some((_, Some("jsonl"))) => Ok(JobEvents::Jsonl),
            Some((_, Some("both"))) => Ok(JobEvents::Both),
            Some((other, _)) => Err(self.wrong("job_events", other, "`files`, `jsonl` or `both`")),
        }
    }

    /// Seconds; 0 is no limit, as it is for Ansible Runner.
    fn seconds(&self, key: &'static str) -> Result<Option<Duration>, PrepareError> {
        let Some(value) = self.get(key) else { return Ok(None) };
        match value.as_f64() {
            Some(0.0) => Ok(None),
            Some(seconds) if (0.0..=LONGEST).contains(&seconds) => {
                Ok(Some(Duration::from_secs_f64(seconds)))
            }
            _ => Err(self.wrong(key, value, "a number of seconds, 0 for no limit")),
        }
    }

    /// A run that was to be locked up must not run free.
    fn refuse_isolation(&self) -> Result<(), PrepareError> {
        let asks = |key: &&'static str| match self.get(key) {
            None | Some(Value::Bool(false)) => false,
            Some(Value::String(text)) => !text.is_empty(),
            Some(_) => true,
        };
        match ["process_isolation", "directory_isolation_base_path"].into_iter().find(asks) {
            Some(key) => Err(PrepareError::Isolation { path: self.path.to_owned(), key }),
            None => Ok(()),
        }
    }

    fn warnings(&self) -> Vec<String> {
        let known = || WITH_EFFECT.into_iter().chain(WITHOUT_EFFECT);
        self.settings
            .keys()
            .filter(|key| !key.starts_with(OF_PLUGINS) && known().all(|known| known != *key))
            .map(|key| {
                let nearest = known()
                    .map(|known| (strsim::damerau_levenshtein(key, known), known))
                    .min()
                    .filter(|(distance, _)| *distance <= 3);
                let hint = nearest.map_or_else(String::new, |(_, known)| {
                    format!("; the nearest that has is `{known}`")
                });
                format!("`{}`: `{key}` has no meaning{hint}", self.path.display())
            })
            .collect()
    }

    fn wrong(&self, key: &'static str, found: &Value, wanted: &'static str) -> PrepareError {
        PrepareError::Setting {
            path: self.path.to_owned(),
            key,
            found: format!("`{found}`"),
            wanted,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(settings: Value) -> Result<(RunSettings, Vec<String>), String> {
        let Value::Object(settings) = settings else { panic!("a mapping") };
        RunSettings::read(Path::new("env/settings"), &settings).map_err(|error| error.to_string())
    }

    #[test]
    fn timeouts_are_seconds_and_0_is_none() {
        let (settings, _) = read(json!({"idle_timeout": 0, "job_timeout": 2.5})).unwrap();
        assert_eq!(settings.idle_timeout, None);
        assert_eq!(settings.job_timeout, Some(Duration::from_millis(2500)));
        for wrong in [json!("3"), json!(-1), json!([3]), json!(true), json!(1e300)] {
            let error = read(json!({"job_timeout": wrong})).unwrap_err();
            assert!(error.contains("write a number of seconds, 0 for no limit"), "{error}");
        }
    }

    #[test]
    fn an_unknown_key_is_warned_of_with_the_nearest_known_one() {
        let (_, warnings) =
            read(json!({"job_timeot": 3, "runner_http_url": "x", "colour": 1})).unwrap();
        assert_eq!(
            warnings,
            [
                "`env/settings`: `job_timeot` has no meaning; the nearest that has is `job_timeout`",
                "`env/settings`: `colour` has no meaning",
            ]
        );
    }

    #[test]
    fn a_run_that_was_to_be_isolated_does_not_run_free() {
        let error = read(json!({"process_isolation": true})).unwrap_err();
        assert!(error.starts_with("`env/settings`: `process_isolation`"), "{error}");
        assert!(read(json!({"process_isolation": false, "container_image": "x"})).is_ok());
    }
}
