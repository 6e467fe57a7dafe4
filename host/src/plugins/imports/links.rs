//! Symbolic links in a folder that a plugin may write to: it makes none that leads out of
//! the folder. WASI would not follow such a link, and the next program would.

use std::path::{Component, Path};

use wasmtime::StoreContextMut;
use wasmtime::component::{Linker, Resource};
use wasmtime_wasi::filesystem::WasiFilesystemView as _;
use wasmtime_wasi::p2::bindings::filesystem::types::{Descriptor, ErrorCode, HostDescriptor as _};

use crate::plugins::log::LogLevel;
use crate::plugins::store::StoreState;

/// Puts ours in place of what makes links, under the name that WASI's own is linked by.
pub(super) fn add_links_to_linker(linker: &mut Linker<StoreState>) -> wasmtime::Result<()> {
    linker.instance("wasi:filesystem/types@0.2.12")?.func_wrap_async(
        "[method]descriptor.symlink-at",
        |mut store: StoreContextMut<'_, StoreState>,
         (folder, target, link): (Resource<Descriptor>, String, String)| {
            Box::new(async move { Ok((store.data_mut().make_link(folder, target, link).await?,)) })
        },
    )?;
    Ok(())
}

impl StoreState {
    async fn make_link(
        &mut self,
        folder: Resource<Descriptor>,
        target: String,
        link: String,
    ) -> wasmtime::Result<Result<(), ErrorCode>> {
        if leads_out(&target) {
            self.egress.count_refusal();
            self.log.write(
                LogLevel::Warn,
                &format!(
                    "no link `{}` to `{}`: links of plugins lead to names below them, without `..` and without a `/` in front",
                    link.escape_default(),
                    target.escape_default()
                ),
                &[],
            );
            return Ok(Err(ErrorCode::NotPermitted));
        }
        match self.filesystem().symlink_at(folder, target, link).await {
            Ok(()) => Ok(Ok(())),
            Err(error) => error.downcast().map(Err),
        }
    }
}

/// Whether a link to this may lead to what is not below the folder that the link is in.
fn leads_out(target: &str) -> bool {
    let is_below = |part| matches!(part, Component::Normal(_) | Component::CurDir);
    !Path::new(target).components().all(is_below)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_leads_to_what_is_below_it() {
        for below in ["name", "a/b", "./a", "a//b/", "a/./b", "..a", "a..", "...", ""] {
            assert!(!leads_out(below), "{below:?}");
        }
        for out in ["..", "../x", "a/..", "a/../../x", "/", "/etc/passwd", "//x", "./..", "a/../b"]
        {
            assert!(leads_out(out), "{out:?}");
        }
    }
}
