//! The part of a run before Ansible: pre-run plugins see it, change it or refuse it, and
//! what they did is kept.

use serde_json::{Value, json};

use super::Stage;
use crate::RunError;
use crate::artifacts::write_config_changes;
use crate::exec::Cancel;
use crate::plugins::{Hook, OnError, PrepareError};
use crate::prepare::{ChangedPlaces, ConfigChange, Permission, RunConfig, apply_edits, run_view};

impl Stage<'_> {
    /// Shows the run to the pre-run plugins and makes their changes. In a shadow run each
    /// sees what those before it would have changed, and Ansible nothing of it.
    pub(super) fn prepare_run(&mut self, is_shadow: bool, cancel: &Cancel) -> Result<(), RunError> {
        let mut prospect = self.config.clone();
        let mut changes: Vec<ConfigChange> = Vec::new();
        let asked = self.ask_pre_run(&mut prospect, &mut changes, cancel);
        if !changes.is_empty() {
            let is_applied = !is_shadow && asked.is_ok();
            let mut record: Value =
                changes.iter().map(|change| change_record(change, is_applied)).collect();
            self.config.secrets.hide_in_value(&mut record);
            write_config_changes(self.artifacts.path(), &record)?;
        }
        asked?;
        if is_shadow {
            self.warnings.extend(changes.iter().map(|change| {
                format!("shadow: plugin `{}` would change `{}`", change.plugin, change.path)
            }));
        } else {
            self.config = prospect;
            self.config.learn_secrets();
        }
        Ok(())
    }

    fn ask_pre_run(
        &mut self,
        config: &mut RunConfig,
        changes: &mut Vec<ConfigChange>,
        cancel: &Cancel,
    ) -> Result<(), RunError> {
        let mut places = ChangedPlaces::default();
        for seat in &mut self.seats.list {
            if !seat.plugin.hooks().pre_run {
                continue;
            }
            let Some(mut lane) = seat.path.take() else { continue };
            let name = seat.plugin.name().as_str();
            let grants = seat.plugin.grants();
            let mut view = run_view(config, |pointer| grants.may_view(pointer));
            view["granted"] = grants.viewed().collect();
            let view = view.to_string();
            let prepared = seat.unless_canceled(cancel, lane.prepare(&view));
            let made = self.runtime.block_on(prepared)?.and_then(|edits| {
                let may_edit = |pointer: &str| match grants.may_narrow(pointer) {
                    Some(allowed) => allowed.map(|()| Permission::Narrow),
                    None => grants.may_set(pointer).map(|()| Permission::Set),
                };
                apply_edits(config, name, edits, may_edit).map_err(|mut reason| {
                    config.secrets.hide_in(&mut reason);
                    PrepareError::Failed { plugin: name.to_owned(), reason }
                })
            });
            seat.path = Some(lane);
            match made {
                Ok(made) => {
                    seat.config_changes += made.len() as u64;
                    for new in &made {
                        if let Some(old) = places.changed_by(new) {
                            self.warnings.push(format!(
                                "plugins `{old}` and `{name}` both change `{}`; the change of `{name}` holds",
                                new.path
                            ));
                        }
                    }
                    for change in &made {
                        places.add(change);
                    }
                    changes.extend(made);
                }
                Err(error @ PrepareError::Failed { .. })
                    if seat.plugin.on_error(Hook::PreRun) == OnError::Continue =>
                {
                    self.warnings.push(error.to_string());
                    seat.trouble = Some(error.to_string());
                }
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }
}

/// As `plugins/changes.json` has it: RFC 6902, with who and why.
fn change_record(change: &ConfigChange, is_applied: bool) -> Value {
    let mut record = json!({
        "plugin": change.plugin,
        "op": change.operation,
        "path": change.path,
        "reason": change.reason,
        "applied": is_applied,
    });
    if let Some(value) = &change.value {
        record["value"] = value.clone();
    }
    record
}
