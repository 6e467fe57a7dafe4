//! Plugins are installed, upgraded, looked at and removed, and what others change in
//! between is noticed.

mod consent;

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::{Map, Value, json};
use tests::{RunTest, component, guest};

use crate::{PROGRAM, hello};

/// A user with a home, a cache and nothing installed.
struct User {
    room: RunTest,
}

/// What a command came to.
struct Said {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

impl User {
    fn new() -> Self {
        Self { room: hello() }
    }

    fn path(&self, path: &str) -> PathBuf {
        self.room.room().join(path)
    }

    fn installed(&self, name: &str) -> PathBuf {
        self.path("home/.local/share/playhouse/plugins").join(name)
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(PROGRAM);
        self.room.seal(&mut command);
        command.args(words).env_remove("PLAYHOUSE_PLUGIN_PATH");
        command
    }

    /// `playhouse plugin` and these words.
    fn plugin(&self, words: &[&str]) -> Said {
        Said::of(&self.command(&[&["plugin"], words].concat()).output().unwrap())
    }

    /// A run with these words.
    fn run(&self, words: &[&str]) -> Said {
        let run = ["run", "pdd", "-p", "site.yml"];
        Said::of(&self.command(&[&run, words].concat()).output().unwrap())
    }

    /// `regions.wasm`: the plugin that sets extra vars, by another name, with other wants.
    fn regions(&self, version: &str, wants: &Value) -> String {
        self.regions_with(&json!({"version": version, "wants": wants}))
    }

    /// The same, with more in its metadata.
    fn regions_with(&self, metadata: &Value) -> String {
        let mut json = json!({"name": "regions", "hooks": {"pre-run": {}}});
        json.as_object_mut().unwrap().extend(metadata.as_object().unwrap().clone());
        self.annotated("extra-vars", &json)
    }

    /// One of our plugins with other metadata, in a file that is called as it says.
    fn annotated(&self, plugin: &str, metadata: &Value) -> String {
        fs::write(self.path("plugin.json"), metadata.to_string()).unwrap();
        let path = format!("./{}.wasm", metadata["name"].as_str().unwrap());
        let made = self.plugin(&[
            "annotate",
            component(plugin).to_str().unwrap(),
            "--metadata",
            "plugin.json",
            "-o",
            &path,
        ]);
        made.expect(0);
        path
    }

    /// `rogue.wasm`, which sets what its settings do not name as something to set.
    fn rogue(&self, wants: &Value) -> String {
        let hooks =
            ["pre-run", "event-filter", "event-enricher", "status-sink", "event-sink", "timer"];
        let hooks: Map<String, Value> =
            hooks.into_iter().map(|hook| (hook.to_owned(), json!({}))).collect();
        let metadata = json!({"name": "rogue", "version": "1.0.0", "hooks": hooks, "wants": wants});
        fs::write(self.path("rogue.json"), metadata.to_string()).unwrap();
        let guest = guest("rogue").display().to_string();
        let words = ["annotate", &guest, "--metadata", "rogue.json", "-o", "rogue.wasm"];
        self.plugin(&words).expect(0);
        "./rogue.wasm".to_owned()
    }
}

impl Said {
    fn of(output: &Output) -> Self {
        Self {
            code: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    #[track_caller]
    fn expect(&self, code: i32) -> &Self {
        assert_eq!(self.code, Some(code), "{}\n{}", self.stdout, self.stderr);
        self
    }

    #[track_caller]
    fn says(&self, text: &str) -> &Self {
        let all = format!("{}\n{}", self.stdout, self.stderr);
        assert!(all.contains(text), "expected {text:?} in\n{all}");
        self
    }

    #[track_caller]
    fn does_not_say(&self, text: &str) -> &Self {
        let all = format!("{}\n{}", self.stdout, self.stderr);
        assert!(!all.contains(text), "did not expect {text:?} in\n{all}");
        self
    }
}

fn sets(paths: &[&str]) -> Value {
    json!([{"kind": "set", "paths": paths}])
}

const SETTING: [&str; 4] =
    ["--plugin", "regions", "--plugin-config", r#"regions.extravars={"region": "north"}"#];

const ROGUE_SETTING: [&str; 8] = [
    "--plugin",
    "rogue",
    "--plugin-config",
    "rogue.in=prepare",
    "--plugin-config",
    "rogue.do=set",
    "--plugin-config",
    r#"rogue.set=[["/extravars/region", "north"]]"#,
];

#[test]
fn what_installing_accepted_is_granted_and_a_path_has_no_grants() {
    let user = User::new();
    let regions = user.regions("1.0.0", &sets(&["/extravars/region"]));
    user.plugin(&["install", &regions])
        .expect(0)
        .says("installed regions 1.0.0, sha256:")
        .says("set=/extravars/region  granted by installing it");
    assert_eq!(fs::metadata(user.installed("")).unwrap().permissions().mode() & 0o777, 0o700);
    for file in ["regions.wasm", "plugins.lock"] {
        let mode = fs::metadata(user.installed(file)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{file}");
    }
    user.run(&SETTING).expect(0).says("plugin regions 1.0.0: 1 change of the run");

    let rogue = user.rogue(&sets(&["/extravars/region"]));
    let by_path = [&["--plugin", &rogue], &ROGUE_SETTING[2..]].concat();
    user.run(&by_path).expect(78).says("add `--plugin-allow rogue.set=/extravars/region`");
    let other = ["--plugin", "regions", SETTING[2], r#"regions.extravars={"zone": "a"}"#];
    user.run(&other).expect(78).says("`playhouse plugin inspect` shows what `regions` asks for");

    user.plugin(&["install", &regions]).expect(78).says("playhouse plugin upgrade ./regions.wasm");
    user.plugin(&["remove", "regions"]).expect(0).says("removed regions 1.0.0");
    user.run(&SETTING).expect(78).says("there is no plugin `regions`: looked for the installed");
    user.plugin(&["remove", "regions"]).expect(78).says("no plugin `regions` is installed");
}

#[test]
fn a_digest_holds_for_install_and_for_a_run() {
    let user = User::new();
    let regions = user.regions("1.0.0", &sets(&["/extravars/region"]));
    let wrong = format!("sha256:{}", "0".repeat(64));
    let inspected = user.plugin(&["inspect", &regions, "--json"]);
    let inspected: Value = serde_json::from_str(&inspected.expect(0).stdout).unwrap();
    let right = inspected["digest"].as_str().unwrap();

    let refused = user.plugin(&["install", &format!("{regions}@{wrong}")]);
    refused.expect(78).says(&wrong).says(right);
    assert!(!user.installed("plugins.lock").exists(), "nothing is installed");
    let refused = user.plugin(&["install", &format!("{regions}@sha256:12")]);
    refused.expect(78).says("write `sha256:` and 64 hexadecimal digits");

    user.plugin(&["install", &format!("{regions}@{right}")]).expect(0);
    for plugin in ["regions", "./regions.wasm"] {
        let pinned = |digest: &str| user.run(&["-q", "--plugin", &format!("{plugin}@{digest}")]);
        pinned(&wrong).expect(78).says(&wrong).says(right);
        pinned(right).expect(0);
    }
    let entry = format!("- plugin: regions@{wrong}\n");
    fs::create_dir_all(user.path("pdd/env")).unwrap();
    fs::write(user.path("pdd/env/plugins"), entry).unwrap();
    user.run(&["-q"]).expect(78).says(&wrong).says(right);
}

#[test]
fn a_component_that_was_changed_is_not_run() {
    let user = User::new();
    let regions = user.regions("1.0.0", &sets(&["/extravars/region"]));
    user.plugin(&["install", &regions]).expect(0);
    let other = fs::read(component("annotate")).unwrap();
    fs::write(user.installed("regions.wasm"), other).unwrap();
    user.run(&SETTING)
        .expect(78)
        .says("the installed plugin `regions` is not what was installed")
        .says("playhouse plugin upgrade");
    user.plugin(&["verify"]).expect(1).says("regions: it has the digest sha256:");
    user.plugin(&["verify", "nobody"]).expect(78).says("no plugin `nobody` is installed");
    user.plugin(&["upgrade", &regions]).expect(0);
    user.run(&SETTING).expect(0);

    fs::copy(component("annotate"), user.installed("stranger.wasm")).unwrap();
    user.plugin(&["verify"]).expect(1).says("stranger: its component is there, and the lock");
    user.run(&["-q", "--plugin", "stranger"]).expect(78).says("there is no plugin `stranger`");
}

#[test]
fn a_lock_that_cannot_be_trusted_is_named_and_less_may_be_granted_by_hand() {
    let user = User::new();
    let rogue = user.rogue(&sets(&["/extravars/region"]));
    user.plugin(&["install", &rogue]).expect(0);
    user.run(&ROGUE_SETTING).expect(0);
    let path = user.installed("plugins.lock");
    let lock = fs::read_to_string(&path).unwrap();

    fs::write(&path, lock.replace("/extravars/region\"", "/extravars/other\"")).unwrap();
    let refused = user.run(&ROGUE_SETTING);
    refused.expect(78).says("add `--plugin-allow rogue.set=/extravars/region`");
    let digest = lock.split("sha256:").nth(1).unwrap()[..64].to_owned();
    fs::write(&path, lock.replace(&digest, &"0".repeat(64))).unwrap();
    user.run(&ROGUE_SETTING).expect(78).says("is not what was installed").says(&digest);
    fs::write(&path, lock.replace("\"grants\"", "\"grant\"")).unwrap();
    user.run(&ROGUE_SETTING).expect(78).says("plugins.lock` cannot be used: unknown field `grant`");
    fs::write(&path, &lock).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o620)).unwrap();
    user.run(&ROGUE_SETTING)
        .expect(78)
        .says("plugins.lock` cannot be used: other users can write to it");
    fs::rename(&path, user.path("lock")).unwrap();
    symlink(user.path("lock"), &path).unwrap();
    user.plugin(&["list"]).expect(78).says("it is a symbolic link");
}

#[test]
fn compiled_code_that_was_changed_is_made_anew() {
    let user = User::new();
    let regions = user.regions("1.0.0", &sets(&["/extravars/region"]));
    let cache = user.path("cache");
    let with_cache = |words: &[&str]| {
        Said::of(&user.command(words).env("XDG_CACHE_HOME", &cache).output().unwrap())
    };
    with_cache(&["plugin", "install", &regions]).expect(0);
    let entry = entry_of(&cache);
    let code = entry.join("code");
    let compiled = fs::read(&code).unwrap();
    let mut changed = compiled.clone();
    *changed.last_mut().unwrap() ^= 1;
    fs::set_permissions(&code, fs::Permissions::from_mode(0o600)).unwrap();
    fs::write(&code, &changed).unwrap();

    with_cache(&["plugin", "verify"]).expect(1).says("is not what was sealed by this user's key");
    with_cache(&[&["run", "pdd", "-p", "site.yml"], &SETTING[..]].concat()).expect(0);
    let again = fs::read(entry_of(&cache).join("code")).unwrap();
    assert_ne!(again, changed, "it was compiled anew");
    with_cache(&["plugin", "verify"]).expect(0);
}

fn entry_of(cache: &Path) -> PathBuf {
    let entries = fs::read_dir(cache.join("playhouse/aot/v1")).unwrap();
    entries.map(|entry| entry.unwrap().path()).find(|path| path.is_dir()).unwrap()
}

#[test]
fn a_cache_that_others_can_write_to_costs_time_only() {
    let user = User::new();
    let cache = user.path("cache");
    fs::create_dir_all(cache.join("playhouse/aot/v1")).unwrap();
    fs::set_permissions(cache.join("playhouse/aot"), fs::Permissions::from_mode(0o777)).unwrap();
    let path = component("annotate");
    let mut run = user.command(&["run", "pdd", "-p", "site.yml", "--plugin"]);
    let ran = Said::of(&run.arg(path).env("XDG_CACHE_HOME", &cache).output().unwrap());
    ran.expect(0).says("compiled plugins are not kept").says("other users can write to it");
    assert_eq!(ran.stderr.matches("are not kept").count(), 1, "{}", ran.stderr);
}

#[test]
fn a_component_that_does_not_compile_is_not_installed() {
    let user = User::new();
    fs::write(user.path("x.wasm"), &fs::read(component("annotate")).unwrap()[..5000]).unwrap();
    user.plugin(&["install", "./x.wasm"])
        .expect(78)
        .says("`./x.wasm` is not a WebAssembly component: ");
    assert!(!user.installed("x.wasm").exists());
}

#[test]
fn two_installs_at_once_are_both_there() {
    let user = User::new();
    let regions = user.regions("1.0.0", &sets(&["/extravars/region"]));
    let components = ["annotate", "only-failed", "extra-vars", "http-sink"].map(component);
    let mut words: Vec<&str> = components.iter().map(|path| path.to_str().unwrap()).collect();
    words.extend([regions.as_str(), regions.as_str()]);
    let running: Vec<_> = words
        .iter()
        .map(|component| user.command(&["plugin", "install", component]).spawn().unwrap())
        .collect();
    let codes: Vec<Option<i32>> =
        running.into_iter().map(|child| child.wait_with_output().unwrap().status.code()).collect();
    assert_eq!(codes[..4], [Some(0); 4]);
    let mut twins = codes[4..].to_vec();
    twins.sort();
    assert_eq!(twins, [Some(0), Some(78)], "one of two is told that it is there already");
    let listed = user.plugin(&["list"]);
    let names: Vec<&str> =
        listed.stdout.lines().filter_map(|line| line.split(' ').next()).collect();
    assert_eq!(names, ["annotate", "extra-vars", "http-sink", "only-failed", "regions"]);
    user.plugin(&["verify"]).expect(0);
}

#[test]
fn inspect_says_what_a_plugin_asks_for_and_has() {
    let user = User::new();
    let path = component("http-sink");
    let path = path.to_str().unwrap();
    user.plugin(&["inspect", path])
        .expect(0)
        .says("http-sink 0.1.0")
        .says("interface: playhouse:plugin@0.1.0")
        .says("hooks: status-sink, event-sink")
        .says("http: what the setting /url says  granted by writing that setting")
        .says("loaded by env/settings: runner_http_headers, runner_http_path, runner_http_url")
        .does_not_say("granted: ");
    fs::write(user.path("settings"), "url: https://hooks.example:8443/run\n").unwrap();
    user.plugin(&["inspect", path, "--config", "settings"])
        .expect(0)
        .says("granted: http=https://hooks.example:8443");

    let regions = user.regions("1.0.0", &json!([{"kind": "net", "addresses": ["tcp://h:1"]}]));
    user.plugin(&["inspect", &regions]).expect(0).says("asks for and cannot use: net");
}

#[test]
fn metadata_names_the_hooks_that_are_exported() {
    let user = User::new();
    fs::copy(component("annotate"), user.path("x.wasm")).unwrap();
    let before = fs::read(user.path("x.wasm")).unwrap();
    fs::write(user.path("plugin.json"), r#"{"hooks": {"event-filter": {}}}"#).unwrap();
    let annotate = ["annotate", "x.wasm", "--metadata", "plugin.json"];
    user.plugin(&annotate)
        .expect(78)
        .says("the metadata of the plugin `plugin.json` cannot be used")
        .says("names the hook `event-filter`, which the component does not export");
    assert_eq!(fs::read(user.path("x.wasm")).unwrap(), before, "it is as it was");
    fs::write(
        user.path("plugin.json"),
        r#"{"name": "labels", "version": "7.0.0", "hooks": {"event-enricher": {}}}"#,
    )
    .unwrap();
    for _ in 0..2 {
        user.plugin(&annotate).expect(0).says("wrote x.wasm, sha256:");
    }
    user.run(&["--plugin", "./x.wasm"]).expect(0).says("plugin labels 7.0.0: ");
}
