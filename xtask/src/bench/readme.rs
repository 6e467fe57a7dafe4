//! Puts what was measured into the README, between two lines that only its source shows:
//! `<!-- <command> -->` and `<!-- end -->`.

use std::fs;

use crate::failure::Failure;
use crate::screen;
use crate::workspace::Workspace;

const END: &str = "<!-- end -->";

/// Replaces what is between the lines of that command.
pub(crate) fn put(workspace: &Workspace, command: &str, text: &str) -> Result<(), Failure> {
    let path = workspace.root.join("README.md");
    let readme = fs::read_to_string(&path)
        .map_err(|error| Failure::new(format!("cannot read `{}`: {error}", path.display())))?;
    let begin = format!("<!-- {command} -->");
    let filled = filled(&readme, &begin, text).ok_or_else(|| {
        Failure::new(format!(
            "`{}` has no place for the result: the lines `{begin}` and `{END}` are missing",
            path.display()
        ))
    })?;
    fs::write(&path, filled)
        .map_err(|error| Failure::new(format!("cannot write `{}`: {error}", path.display())))?;
    screen::talk(format!("written to {}", path.display()));
    Ok(())
}

fn filled(page: &str, begin: &str, text: &str) -> Option<String> {
    let (before, behind) = page.split_once(&format!("{begin}\n"))?;
    let (_, after) = behind.split_once(END)?;
    Some(format!("{before}{begin}\n\n{}\n\n{END}{after}", text.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_place_of_that_command_is_filled() {
        let page = "a\n<!-- one -->\nold\n<!-- end -->\nb\n<!-- two -->\n<!-- end -->\n";
        let once = filled(page, "<!-- two -->", "new\n").expect("a place");
        assert_eq!(
            once,
            "a\n<!-- one -->\nold\n<!-- end -->\nb\n<!-- two -->\n\nnew\n\n<!-- end -->\n"
        );
        assert_eq!(filled(&once, "<!-- two -->", "new").as_ref(), Some(&once));
        assert_eq!(filled(page, "<!-- three -->", "new"), None);
    }
}
