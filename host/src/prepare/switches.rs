//! What a plugin can turn on and not off: that a run changes nothing, and that it shows
//! differences.

use serde_json::Value;

use super::RunConfig;
use super::extra_vars::Operation;

/// Turns the option `--<name>` on.
pub(super) fn turn_on(
    config: &mut RunConfig,
    name: &str,
    operation: &Operation,
) -> Result<(), String> {
    if !matches!(operation, Operation::Set(data) if *data.value() == Value::Bool(true)) {
        return Err("it can be turned on, by setting it to true, and not off".to_owned());
    }
    if config.whole_command.is_some() {
        return Err("the run's command is given whole, in the file `args`".to_owned());
    }
    let option = format!("--{name}");
    if !config.cmdline.contains(&option) {
        // In front, where no option before it can take it for its value.
        config.cmdline.insert(0, option);
    }
    Ok(())
}
