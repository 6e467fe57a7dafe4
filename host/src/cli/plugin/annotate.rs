//! `playhouse plugin annotate`.

use std::fs;
use std::io::{self, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use serde_json::json;

use super::failure::Failure;
use super::show;
use crate::exit_code;
use crate::plugins::{self, ComponentFile, Digest};

/// Give a component its metadata
///
/// It takes the place of what the component has. The Rust SDK does this by itself; components of other languages
/// need it.
#[derive(Debug, clap::Args)]
pub(super) struct AnnotateArgs {
    /// The component
    #[arg(value_name = "FILE")]
    component: PathBuf,

    /// The metadata: see `wit/plugin.schema.json`
    #[arg(long, value_name = "plugin.json")]
    metadata: PathBuf,

    /// Where the component goes, in place of FILE
    #[arg(short, long, value_name = "OUT")]
    output: Option<PathBuf>,

    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

pub(super) fn annotate(args: &AnnotateArgs) -> Result<i32, Failure> {
    let file = ComponentFile::read(&args.component)?;
    let json = fs::read_to_string(&args.metadata).map_err(|error| {
        Failure::input(format!("cannot read the metadata `{}`: {error}", args.metadata.display()))
    })?;
    let annotated = plugins::annotate(&file, &json, &args.metadata)?;
    let output = args.output.as_ref().unwrap_or(&args.component);
    write_whole(output, &annotated, &args.component).map_err(|error| Failure {
        message: format!("cannot write `{}`: {error}", output.display()),
        code: exit_code::ARTIFACTS,
    })?;
    let digest = Digest::of(&annotated);
    if args.json {
        show::json(&json!({"path": output, "digest": digest}));
    } else {
        show::line(&format!("wrote {}, {digest}", output.display()));
    }
    Ok(0)
}

/// A run may have the old file open; its permissions stay.
fn write_whole(path: &Path, bytes: &[u8], like: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let mut file = tempfile::NamedTempFile::new_in(folder.unwrap_or(Path::new(".")))?;
    file.write_all(bytes)?;
    let mode = fs::metadata(like)?.permissions().mode();
    file.as_file().set_permissions(fs::Permissions::from_mode(mode & 0o777))?;
    file.persist(path)?;
    Ok(())
}
