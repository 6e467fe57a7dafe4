//! `secret`: the plugin's own values.

use crate::plugins::bindings::playhouse::plugin::secret;
use crate::plugins::bindings::playhouse::plugin::secret::SecretError;
use crate::plugins::log::LogLevel;
use crate::plugins::store::StoreState;

impl secret::Host for StoreState {
    async fn get(&mut self, name: String) -> wasmtime::Result<Result<String, SecretError>> {
        if let Err(refusal) = self.plugin.grants.wants_secret(&name) {
            return Ok(Err(SecretError::Denied(self.refused(refusal))));
        }
        let limit = self.time_for_exchange();
        let mut read = self.plugin.secrets.get(&name, &self.secrets, limit).await;
        if let Some(rehearsal) = self.egress.rehearsal() {
            read = rehearsal.secret(&name, self.plugin.can_do_without(&name), read);
        }
        let Some(read) = read else {
            let plugin = &self.plugin.name;
            let refusal = format!(
                "plugin `{plugin}` has no secret `{name}`: not granted; add `--plugin-secret {plugin}.{name}=env:VARIABLE`, or `secrets` to its entry in env/plugins"
            );
            return Ok(Err(SecretError::Denied(self.refused(refusal))));
        };
        match read {
            Ok(value) => {
                self.log.conceal(&value);
                Ok(Ok(value))
            }
            Err(reason) => {
                let message = format!("the secret `{name}` has no value: {reason}");
                self.log.write(LogLevel::Warn, &message, &[]);
                Ok(Err(SecretError::Missing(message)))
            }
        }
    }
}

impl StoreState {
    fn refused(&self, message: String) -> String {
        self.egress.count_refusal();
        self.log.write(LogLevel::Warn, &message, &[]);
        message
    }
}
