//! The texts of a `wasi:http` request. They wait in the host until it is sent and there may
//! be as many as a guest may hold, so each is bounded; WASI bounds the headers alone.

use wasmtime::StoreContextMut;
use wasmtime::component::{Linker, Resource};
use wasmtime_wasi_http::WasiHttpView as _;
use wasmtime_wasi_http::p2::bindings::http::types::{
    HostOutgoingRequest as _, Method, OutgoingRequest, Scheme,
};

use crate::plugins::log::LogLevel;
use crate::plugins::store::StoreState;

/// Bytes of a path with its query. Servers take eight thousand.
const LONGEST_PATH: usize = 16 << 10;
/// Bytes of a method, a scheme, an authority.
const LONGEST_WORD: usize = 1 << 10;

type Set = wasmtime::Result<(Result<(), ()>,)>;

/// Puts ours in place of what sets the texts, under the name that WASI's own is linked by.
pub(super) fn add_requests_to_linker(linker: &mut Linker<StoreState>) -> wasmtime::Result<()> {
    let mut types = linker.instance("wasi:http/types@0.2.12")?;
    types.func_wrap(
        "[method]outgoing-request.set-method",
        |mut store: StoreContextMut<'_, StoreState>,
         (request, method): (Resource<OutgoingRequest>, Method)|
         -> Set {
            let state = store.data_mut();
            if let Method::Other(text) = &method
                && !state.takes("method", text, LONGEST_WORD)
            {
                return Ok((Err(()),));
            }
            Ok((state.http().set_method(request, method)?,))
        },
    )?;
    types.func_wrap(
        "[method]outgoing-request.set-scheme",
        |mut store: StoreContextMut<'_, StoreState>,
         (request, scheme): (Resource<OutgoingRequest>, Option<Scheme>)|
         -> Set {
            let state = store.data_mut();
            if let Some(Scheme::Other(text)) = &scheme
                && !state.takes("scheme", text, LONGEST_WORD)
            {
                return Ok((Err(()),));
            }
            Ok((state.http().set_scheme(request, scheme)?,))
        },
    )?;
    types.func_wrap(
        "[method]outgoing-request.set-authority",
        |mut store: StoreContextMut<'_, StoreState>,
         (request, authority): (Resource<OutgoingRequest>, Option<String>)|
         -> Set {
            let state = store.data_mut();
            if !state.takes("authority", authority.as_deref().unwrap_or_default(), LONGEST_WORD) {
                return Ok((Err(()),));
            }
            Ok((state.http().set_authority(request, authority)?,))
        },
    )?;
    types.func_wrap(
        "[method]outgoing-request.set-path-with-query",
        |mut store: StoreContextMut<'_, StoreState>,
         (request, path): (Resource<OutgoingRequest>, Option<String>)|
         -> Set {
            let state = store.data_mut();
            if !state.takes("path", path.as_deref().unwrap_or_default(), LONGEST_PATH) {
                return Ok((Err(()),));
            }
            Ok((state.http().set_path_with_query(request, path)?,))
        },
    )?;
    Ok(())
}

impl StoreState {
    /// Whether a text of a request is short enough; the log says where it is not.
    fn takes(&self, what: &str, text: &str, most: usize) -> bool {
        let size = text.len();
        if size > most {
            self.log.write(
                LogLevel::Warn,
                &format!("the {what} of a request has {size} bytes; {most} are allowed"),
                &[],
            );
        }
        size <= most
    }
}
