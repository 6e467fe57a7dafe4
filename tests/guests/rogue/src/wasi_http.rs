//! One exchange over `wasi:http`, as libraries make it that know nothing of Playhouse.

use wasip2::http::outgoing_handler::handle;
use wasip2::http::types::{Fields, OutgoingRequest, Scheme};

/// Gets an `http` URL; the answer's status.
pub(crate) fn get(url: &str) -> Result<u16, String> {
    let rest = url.strip_prefix("http://").ok_or("no http URL")?;
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    let request = OutgoingRequest::new(Fields::new());
    let refused = |()| "the request cannot be made".to_owned();
    request.set_scheme(Some(&Scheme::Http)).map_err(refused)?;
    request.set_authority(Some(authority)).map_err(refused)?;
    request.set_path_with_query(Some(&format!("/{path}"))).map_err(refused)?;
    let answer = handle(request, None).map_err(|error| error.to_string())?;
    answer.subscribe().block();
    match answer.get() {
        Some(Ok(Ok(response))) => Ok(response.status()),
        Some(Ok(Err(error))) => Err(error.to_string()),
        _ => Err("there is no answer".to_owned()),
    }
}
