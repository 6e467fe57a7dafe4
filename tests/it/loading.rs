//! Files that are no plugins, or not ours: one clear message each, before anything starts.

use std::fs;

use tests::{RunTest, component, guest};

use crate::hello;

fn with_component(bytes: &[u8]) -> RunTest {
    let test = hello().arguments(&["--plugin", "pdd/x.wasm"]);
    fs::write(test.private_data_dir().join("x.wasm"), bytes).unwrap();
    test
}

fn wat(text: &str) -> Vec<u8> {
    wat::parse_str(text).unwrap()
}

#[test]
fn an_unknown_plugin_says_where_it_was_looked_for() {
    let ran = hello()
        .arguments(&["--plugin", "htp-sink"])
        .run()
        .expect_code(78)
        .expect_stderr("error: there is no plugin `htp-sink`: looked for `")
        .expect_stderr("/htp-sink.wasm`");
    assert!(!ran.path("artifacts").exists(), "nothing was made");
}

#[test]
fn what_is_not_a_component_says_what_it_is() {
    for (bytes, words) in [
        (b"hello".to_vec(), "is not a WebAssembly component"),
        (wat("(module)"), "is not a WebAssembly component"),
        (
            fs::read(component("annotate")).unwrap()[..5000].to_vec(),
            "is not a WebAssembly component",
        ),
        (wat("(component)"), "is no plugin: it exports none of the hooks of `playhouse:plugin`"),
        (
            wat(
                "(component (instance $i) (export \"playhouse:plugin/event-filter@0.9.0\" (instance $i)))",
            ),
            "was built for `playhouse:plugin/event-filter@0.9.0`",
        ),
        (
            wat(
                "(component (instance $i) (export \"playhouse:plugin/event-filter@0.1.0\" (instance $i)))",
            ),
            "does not fit `",
        ),
    ] {
        let ran = with_component(&bytes)
            .run()
            .expect_code(78)
            .expect_stderr("x.wasm")
            .expect_stderr(words);
        assert_eq!(ran.stderr.lines().count(), 1, "one message: {}", ran.stderr);
        assert!(!ran.path("artifacts").exists(), "nothing was made");
    }
}

#[test]
fn a_plugin_used_twice_needs_a_name() {
    hello()
        .arguments(&["--plugin", "annotate", "--plugin", "annotate"])
        .run()
        .expect_code(78)
        .expect_stderr("two plugins of this run are called `annotate`")
        .expect_stderr("--plugin annotate=other");
    hello().arguments(&["--plugin", "annotate", "--plugin", "annotate=other"]).run().expect_code(0);
}

#[test]
fn a_filter_for_a_sink_that_is_not_there_is_an_error() {
    hello()
        .file("env/plugins", "- plugin: only-failed\n  for: [http-sink]\n")
        .run()
        .expect_code(78)
        .expect_stderr("plugin `only-failed` is for `http-sink`, and no sink of that name");
}

#[test]
fn a_flag_that_cannot_be_read_is_a_usage_error() {
    for (flag, value, words) in [
        ("--plugin", "annotate=Bad Name", "Bad Name"),
        ("--plugin-allow", "rogue.http=http//x", "http//x"),
        ("--plugin-allow", "rogue.floor=x", "there is no grant of the kind `floor`"),
        ("--plugin-config", "nobody.x=1", "no plugin `nobody` takes part in this run"),
    ] {
        hello()
            .arguments(&["--plugin", guest("rogue").to_str().unwrap(), flag, value])
            .run()
            .expect_code(2)
            .expect_stderr(words);
    }
}
