//! The secrets of one plugin in a run. Their values are read when the run starts, so that
//! one that is missing keeps it from starting; a lane's first look is at those, and later
//! ones read the source anew, since tokens rotate.

use std::collections::{BTreeMap, BTreeSet};
use std::panic::resume_unwind;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::task::JoinSet;

use super::metadata::Wanted;
use super::secret::Secret;
use super::{Plugin, PluginError};

/// How long the sources have, all of them side by side, before a run starts.
const START_LIMIT: Duration = Duration::from_secs(10);

/// What the operator has granted, with all values that were read. Shared by the lanes.
#[derive(Debug, Default)]
pub(super) struct OwnSecrets {
    sources: BTreeMap<String, Secret>,
    values: Mutex<Values>,
}

#[derive(Debug, Default)]
struct Values {
    /// What was there when the run started.
    first: BTreeMap<String, String>,
    /// All that were ever there.
    read: Vec<String>,
}

/// Which secrets a lane was given already.
#[derive(Debug, Default)]
pub(super) struct LaneSecrets(Mutex<BTreeSet<String>>);

impl OwnSecrets {
    pub(super) fn new(sources: BTreeMap<String, Secret>) -> Self {
        Self { sources, values: Mutex::default() }
    }

    /// What the plugin calls them.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.sources.keys().map(String::as_str)
    }

    /// The variables of the environment that some of them come from.
    pub(super) fn variables(&self) -> impl Iterator<Item = &str> {
        self.sources.values().filter_map(Secret::variable)
    }

    /// All values that were read so far.
    pub(super) fn values(&self) -> Vec<String> {
        lock(&self.values).read.clone()
    }

    /// The value for a lane; none where no source is given, and an error that says why the
    /// source gives none.
    pub(super) async fn get(
        &self,
        name: &str,
        lane: &LaneSecrets,
        limit: Duration,
    ) -> Option<Result<String, String>> {
        let source = self.sources.get(name)?;
        if lock(&lane.0).insert(name.to_owned())
            && let Some(value) = lock(&self.values).first.get(name)
        {
            return Some(Ok(value.clone()));
        }
        Some(self.read(source, limit).await)
    }

    async fn read(&self, source: &Secret, limit: Duration) -> Result<String, String> {
        let value = source.read(limit).await?;
        let mut values = lock(&self.values);
        if !values.read.contains(&value) {
            values.read.push(value.clone());
        }
        Ok(value)
    }

    async fn read_first(&self, name: &str, limit: Duration) -> Result<(), String> {
        let Some(source) = self.sources.get(name) else { return Ok(()) };
        let value = self.read(source, limit).await?;
        lock(&self.values).first.insert(name.to_owned(), value);
        Ok(())
    }
}

/// Reads the secrets of these plugins, side by side. The error names the first that its
/// plugin cannot do without.
pub async fn read_secrets(plugins: &[Arc<Plugin>]) -> Result<(), PluginError> {
    let mut reading = JoinSet::new();
    for (place, plugin) in plugins.iter().enumerate() {
        for name in plugin.secrets.names() {
            let (plugin, name) = (Arc::clone(plugin), name.to_owned());
            reading.spawn(async move {
                let read = plugin.secrets.read_first(&name, START_LIMIT).await;
                (place, name, read)
            });
        }
    }
    let mut missing = BTreeMap::new();
    while let Some(read) = reading.join_next().await {
        match read {
            Ok((_, _, Ok(()))) => {}
            Ok((place, name, Err(why))) => {
                missing.insert((place, name), why);
            }
            Err(error) => resume_unwind(error.into_panic()),
        }
    }
    for (place, plugin) in plugins.iter().enumerate() {
        for want in &plugin.metadata.wants {
            let Wanted::Secret { name, optional: false } = &want.what else { continue };
            let why = match missing.remove(&(place, name.clone())) {
                Some(why) => why,
                None if plugin.secrets.sources.contains_key(name) => continue,
                None => "nothing says where it comes from".to_owned(),
            };
            let (plugin, secret) = (plugin.name.to_string(), name.clone());
            return Err(PluginError::SecretMissing { plugin, secret, why });
        }
    }
    Ok(())
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    const LIMIT: Duration = Duration::from_secs(10);

    #[tokio::test]
    async fn a_lane_is_given_what_was_there_first_and_then_what_is_there() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("token");
        let sources = BTreeMap::from([("token".to_owned(), Secret::File(file.clone()))]);
        let secrets = OwnSecrets::new(sources);
        fs::write(&file, "first\n").unwrap();
        secrets.read_first("token", LIMIT).await.unwrap();
        fs::write(&file, "second\n").unwrap();
        for lane in [LaneSecrets::default(), LaneSecrets::default()] {
            for expected in ["first", "second", "second"] {
                let value = secrets.get("token", &lane, LIMIT).await;
                assert_eq!(value, Some(Ok(expected.to_owned())));
            }
        }
        assert_eq!(secrets.get("other", &LaneSecrets::default(), LIMIT).await, None);
        assert_eq!(secrets.values(), ["first", "second"]);

        fs::write(&file, "").unwrap();
        let error = secrets.read_first("token", LIMIT).await.unwrap_err();
        assert!(error.ends_with("token` is empty"), "{error}");
    }
}
