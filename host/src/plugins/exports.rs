//! Which hooks a component has, found without running it: an interface of ours in its
//! exports, and in that the function, of the type we call.

use std::path::Path;

use wasmtime::Engine;
use wasmtime::component::types::{self as component_types, ComponentInstance, ComponentItem};
use wasmtime::component::{Component, ComponentNamedList, Lift, Lower};

use super::bindings::exports::playhouse::plugin as exported;
use super::bindings::playhouse::plugin::{delivery, types};
use super::{Hook, Hooks, PluginError};

/// The interface version of `wit/`.
pub(super) const INTERFACE_VERSION: &str = "0.1.0";
/// Versions beginning with this are the same to us and to the engine.
const COMPATIBLE: &str = "0.1.";
const PACKAGE: &str = "playhouse:plugin/";

/// The hooks that `component`, read from `path`, exports.
pub(super) fn find_hooks(
    engine: &Engine,
    component: &Component,
    path: &Path,
) -> Result<Hooks, PluginError> {
    let component_type = component.component_type();
    let names = component_type
        .imports(engine)
        .map(|(name, _)| name)
        .chain(component_type.exports(engine).map(|(name, _)| name));
    for name in names {
        if other_version(name) {
            return Err(PluginError::OtherVersion {
                path: path.to_owned(),
                found: name.to_owned(),
                ours: INTERFACE_VERSION,
            });
        }
    }
    let check = |interface: &str| -> Result<bool, PluginError> {
        let found = component_type.exports(engine).find_map(|(name, export)| {
            let (exported, _) = name.strip_prefix(PACKAGE)?.split_once('@')?;
            match export.ty {
                ComponentItem::ComponentInstance(instance) if exported == interface => {
                    Some(instance)
                }
                _ => None,
            }
        });
        let Some(instance) = found else { return Ok(false) };
        check_functions(interface, engine, &instance, &component_type).map(|()| true).map_err(
            |reason| PluginError::Mismatch {
                path: path.to_owned(),
                interface: format!("{PACKAGE}{interface}@{INTERFACE_VERSION}"),
                reason,
            },
        )
    };
    let mut hooks = Vec::new();
    for hook in Hook::ALL {
        if check(hook.as_str())? {
            hooks.push(hook);
        }
    }
    if hooks.is_empty() {
        return Err(PluginError::NoHook { path: path.to_owned() });
    }
    if !check("lifecycle")? {
        return Err(PluginError::Mismatch {
            path: path.to_owned(),
            interface: format!("{PACKAGE}lifecycle@{INTERFACE_VERSION}"),
            reason: "every plugin exports it and this one does not".to_owned(),
        });
    }
    Ok(hooks.into_iter().collect())
}

fn other_version(name: &str) -> bool {
    name.strip_prefix(PACKAGE)
        .and_then(|rest| rest.split_once('@'))
        .is_some_and(|(_, version)| !version.starts_with(COMPATIBLE))
}

/// Each function of an interface of ours, with the type it is called by.
fn check_functions(
    interface: &str,
    engine: &Engine,
    instance: &ComponentInstance,
    component: &component_types::Component,
) -> Result<(), String> {
    let functions = Functions { engine, instance, component };
    match interface {
        "lifecycle" => {
            functions.check::<(exported::lifecycle::Setup<'_>,), (Result<(), exported::lifecycle::InitError>,)>("init")?;
            functions.check::<(exported::lifecycle::Ending<'_>,), (Result<(), String>,)>("finish")
        }
        "pre-run" => functions.check::<(&str,), (
            Result<Vec<exported::pre_run::Edit>, exported::pre_run::PrepareError>,
        )>("prepare"),
        "event-filter" => functions.check::<(types::Batch<'_>,), (Vec<bool>,)>("keep"),
        "event-enricher" => functions
            .check::<(types::Batch<'_>,), (Vec<exported::event_enricher::Change>,)>("enrich"),
        "status-sink" => functions.check::<(exported::status_sink::StatusChange<'_>,), (
            Result<(), delivery::DeliveryError>,
        )>("deliver-status"),
        "event-sink" => functions
            .check::<(exported::event_sink::Attempt<'_>, types::Batch<'_>), (
                Result<(), exported::event_sink::DeliveryFailure>,
            )>("deliver-events"),
        _ => functions.check::<(), (Option<u32>,)>("tick"),
    }
}

struct Functions<'a> {
    engine: &'a Engine,
    instance: &'a ComponentInstance,
    component: &'a component_types::Component,
}

impl Functions<'_> {
    fn check<Params, Return>(&self, name: &str) -> Result<(), String>
    where
        Params: ComponentNamedList + Lower,
        Return: ComponentNamedList + Lift,
    {
        match self.instance.get_export(self.engine, name).map(|export| export.ty) {
            Some(ComponentItem::ComponentFunc(function)) => function
                .typecheck::<Params, Return>(&self.component.instance_type())
                .map_err(|error| format!("its function `{name}` has another type: {error:#}")),
            _ => Err(format!("it has no function `{name}`")),
        }
    }
}
