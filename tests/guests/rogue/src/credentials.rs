//! Sends a secret wherever and however one can be sent.

use std::fmt::Write as _;

use playhouse_plugin::bindings::base::playhouse::plugin::net::{Connection, Options};
use playhouse_plugin::bindings::base::playhouse::plugin::secret;
use playhouse_plugin::http::Request;
use playhouse_plugin::info;
use serde_json::json;

/// Sends it to a server over HTTP or to a peer over a stream.
pub(crate) fn send(url: &str) {
    let token = match secret::get("token") {
        Ok(token) => token,
        Err(error) => return info!("no token: {error:?}"),
    };
    let spare = secret::get("spare").ok();
    let sent = if url.starts_with("http://") {
        over_http(url, &token, spare.as_deref())
    } else {
        over_stream(url, &token)
    };
    info!("sent: {sent:?}");
}

fn over_http(url: &str, token: &str, spare: Option<&str>) -> Result<(), String> {
    let escaped = percent_encoded(token);
    let userinfo = url.replacen("http://", "http://me:from-the-url@", 1);
    let body = json!({
        "token": token,
        "spare": spare,
        "basic": base64(format!("me:{token}").as_bytes()),
        "url": userinfo,
    });
    Request::post(format!("{url}/hook/{escaped}?token={escaped}"))
        .header("authorization", "Bearer from-the-header")
        .header("x-api-key", "from-the-key")
        .header("x-note", format!("with {token}"))
        .json(body)
        .send()
        .map(|_| ())
        .map_err(|error| error.message)
}

fn over_stream(address: &str, token: &str) -> Result<(), String> {
    let options = Options { timeout: 2_000, alpn: Vec::new(), identity: None, ext: Vec::new() };
    let failed = |error| format!("{error:?}");
    let connection = Connection::connect(address, &options).map_err(failed)?;
    let length = u8::try_from(token.len()).unwrap_or(u8::MAX);
    let packet = [&[0, length], token.as_bytes(), &[0xff]].concat();
    connection.write(&packet, 2_000).map_err(failed)?;
    connection.finish().map_err(failed)?;
    while !connection.read(64, 2_000).map_err(failed)?.is_empty() {}
    Ok(())
}

fn percent_encoded(text: &str) -> String {
    text.bytes().fold(String::new(), |mut text, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            text.push(char::from(byte));
        } else {
            let _ = write!(text, "%{byte:02X}");
        }
        text
    })
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let digits = |group: &[u8]| {
        let byte = |index: usize| u32::from(group.get(index).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        let digit = |index: usize| {
            if index > group.len() {
                return '=';
            }
            char::from(DIGITS[(bits >> (18 - 6 * index) & 63) as usize])
        };
        [0, 1, 2, 3].map(digit)
    };
    bytes.chunks(3).flat_map(digits).collect()
}
