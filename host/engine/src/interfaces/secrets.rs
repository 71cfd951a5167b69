//! `tandem:host/secrets`: placeholders that only the gate of outgoing HTTP can turn into secrets.

use wasmtime::component::Linker;

use crate::{
    account::Use,
    bindings::tandem::host::secrets::{Error, Host, add_to_linker},
    interfaces::HostInterface,
    state::{CallState, HostView},
};

/// The interface.
pub(crate) struct Secrets;

impl HostInterface for Secrets {
    fn name(&self) -> &'static str {
        "tandem:host/secrets"
    }

    fn link(&self, linker: &mut Linker<CallState>) -> wasmtime::Result<()> {
        add_to_linker::<_, HostView>(linker, |state| state)
    }
}

impl CallState {
    fn secret(&self, name: &str) -> Result<tandem_types::Secret, Error> {
        match self.capability().secrets.get(name) {
            Some(secret) => Ok(secret.value.clone()),
            None => {
                self.denied(Use::Secrets, name);
                Err(Error::Denied(format!("the secret `{name}` is not granted")))
            }
        }
    }
}

impl Host for &mut CallState {
    fn list(&mut self) -> wasmtime::Result<Result<Vec<String>, Error>> {
        Ok(Ok(self.capability().secrets.keys().cloned().collect()))
    }

    fn placeholder(&mut self, name: String) -> wasmtime::Result<Result<String, Error>> {
        if let Err(refused) = self.secret(&name) {
            return Ok(Err(refused));
        }
        self.used(Use::Secrets);
        let given = self.http_gate().placeholder(&name);
        Ok(given.map_err(|error| Error::Other(Some(format!("no random bytes: {error}")))))
    }

    fn reveal(&mut self, name: String) -> wasmtime::Result<Result<String, Error>> {
        let secret = match self.secret(&name) {
            Ok(secret) => secret,
            Err(refused) => return Ok(Err(refused)),
        };
        if !self.capability().reveal_secrets {
            self.denied(Use::RevealSecrets, &name);
            return Ok(Err(Error::Denied(format!(
                "reading the secret `{name}` needs the grant `reveal-secrets`; its placeholder works without"
            ))));
        }
        self.used(Use::RevealSecrets);
        Ok(Ok(secret.expose().to_owned()))
    }
}
