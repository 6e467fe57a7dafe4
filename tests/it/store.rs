//! Plugins are installed, upgraded, looked at and removed, and what others change in
//! between is noticed.

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
fn an_upgrade_that_asks_for_more_waits_to_be_accepted() {
    let user = User::new();
    let regions = user.regions("1.0.0", &sets(&["/extravars/region"]));
    user.plugin(&["upgrade", &regions]).expect(78).says("no plugin `regions` is installed");
    user.plugin(&["install", &regions]).expect(0);

    let regions = user.regions("2.0.0", &sets(&["/extravars/region", "/playbook", "/envvars/*"]));
    user.plugin(&["upgrade", &regions])
        .expect(77)
        .says("not upgraded: regions 1.0.0 to 2.0.0")
        .says("set=/playbook   granted by installing it; may run code on this machine")
        .says("set=/envvars/*  too wide to be granted whole")
        .says("playhouse plugin upgrade --accept ./regions.wasm")
        .does_not_say("set=/extravars/region");
    user.plugin(&["list"]).expect(0).says("regions 1.0.0");
    user.plugin(&["verify"]).expect(0).says("regions: ok");
    user.plugin(&["upgrade", &regions, "--accept"]).expect(0).says("upgraded regions");
    let listed: Value =
        serde_json::from_str(&user.plugin(&["list", "--json"]).expect(0).stdout).unwrap();
    assert_eq!(listed["regions"]["version"], "2.0.0");
    assert_eq!(
        listed["regions"]["grants"],
        json!({"set": ["/extravars/region", "/playbook"]}),
        "what is wide is not granted"
    );

    let regions = user.regions("3.0.0", &sets(&["/extravars/region"]));
    user.plugin(&["upgrade", &regions]).expect(0).says("no longer asks for: set=/playbook");
    let regions = user.regions("4.0.0", &sets(&["/extravars/region"]));
    user.plugin(&["upgrade", &regions]).expect(0).does_not_say("asks for");
    user.run(&SETTING).expect(0).says("plugin regions 4.0.0");
}

#[test]
fn a_version_that_sees_more_promises_less_or_is_older_waits_to_be_accepted() {
    let user = User::new();
    let of = |metadata: &Value| {
        let mut json = json!({"name": "labels", "version": "1.2.0"});
        json.as_object_mut().unwrap().extend(metadata.as_object().unwrap().clone());
        user.annotated("annotate", &json)
    };
    let hooks = |enricher: Value| json!({"hooks": {"event-enricher": enricher}});
    let redactor = json!({"fields": ["stdout", "data"], "redacts": true});
    user.plugin(&["install", &of(&hooks(redactor.clone()))])
        .expect(0)
        .says("sees: text and data of all events (event-enricher)");
    user.plugin(&["inspect", "labels"]).expect(0).says("sees: text and data of all events");

    for (enricher, said) in [
        (json!({"fields": ["stdout", "data"]}), "no longer promises to take secrets out"),
        (
            json!({"select": {"hosts": ["web*"]}, "fields": ["stdout", "data"], "redacts": true}),
            "sees: text and data of all events on web* (event-enricher), and lets pass the rest",
        ),
    ] {
        let refused = user.plugin(&["upgrade", &of(&hooks(enricher))]);
        refused.expect(77).says("not upgraded").says(said).says("upgrade --accept ./labels.wasm");
    }
    let mut older = hooks(redactor.clone());
    older["version"] = json!("1.1.0");
    let older = of(&older);
    user.plugin(&["upgrade", &older]).expect(77).says("is older: 1.1.0, and 1.2.0 is installed");
    user.plugin(&["upgrade", &older, "--accept"]).expect(0);
    user.plugin(&["upgrade", &of(&hooks(redactor))]).expect(0).does_not_say("sees");

    // A lock that an older Playhouse wrote knows nothing of this; the installed component does.
    let path = user.installed("plugins.lock");
    let mut lock: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
    lock["plugins"]["labels"].as_object_mut().unwrap().remove("claims").unwrap();
    fs::write(&path, lock.to_string()).unwrap();
    let careless = of(&hooks(json!({"fields": ["stdout", "data"]})));
    user.plugin(&["upgrade", &careless]).expect(77).says("no longer promises to take secrets out");
    let same = of(&hooks(json!({"fields": ["stdout", "data"], "redacts": true})));
    user.plugin(&["upgrade", &same]).expect(0);
}

#[test]
fn what_may_run_code_is_asked_for_at_installing_too() {
    let user = User::new();
    let regions = user.regions("1.0.0", &sets(&["/extravars/region", "/playbook"]));
    user.plugin(&["install", &regions])
        .expect(77)
        .says("`regions` asks for what may run code on this machine: set=/playbook")
        .says("playhouse plugin install --accept ./regions.wasm");
    user.plugin(&["list"]).expect(0).does_not_say("regions");
    user.plugin(&["install", &regions, "--accept"]).expect(0);
}

/// A plugin that takes a variable of the environment for a setting, and a folder from it.
fn nosy(user: &User, variable: &str) -> String {
    user.regions_with(&json!({
        "version": "1.0.0",
        "wants": [{"kind": "dir", "setting": "/envvars", "write": true}],
        "settings": {"env_keys": {variable: "/envvars"}, "runner_keys": {"region_vars": "/extravars"}},
    }))
}

#[test]
fn keys_of_others_are_read_once_they_were_accepted_and_open_nothing() {
    let user = User::new();
    let path = nosy(&user, "HOME");
    let entry = |plugin: &str| format!("- plugin: {plugin}\n  config: {{extravars: {{}}}}\n");
    fs::create_dir_all(user.path("pdd/env")).unwrap();
    fs::write(
        user.path("pdd/env/plugins"),
        entry(&user.path("regions.wasm").display().to_string()),
    )
    .unwrap();
    user.run(&[])
        .expect(0)
        .says("plugin `regions` does not read `HOME` in the environment: nobody has accepted");

    user.plugin(&["install", &path])
        .expect(0)
        .says("reads HOME of the environment as its setting /envvars")
        .says("reads region_vars of env/settings as its setting /extravars");
    user.plugin(&["inspect", "regions"])
        .expect(0)
        .says("reads HOME of the environment as its setting /envvars");
    fs::write(user.path("pdd/env/plugins"), entry("regions")).unwrap();
    // The variable's text is no map of variables: it has arrived.
    user.run(&[]).expect(78).says("plugin `regions` refuses its settings at `/envvars`");
    let record = fs::read_dir(user.path("pdd/artifacts")).unwrap().flatten().find_map(|run| {
        fs::read_to_string(run.path().join("plugins/regions/plugin.json"))
            .ok()
            .filter(|record| record.contains("/home\""))
    });
    let record: Value = serde_json::from_str(&record.expect("the setting came")).unwrap();
    assert_eq!(record["grants"], json!([]), "the folder is not opened");

    fs::remove_file(user.path("pdd/env/plugins")).unwrap();
    user.run(&[]).expect(0).does_not_say("regions");
    let next = nosy(&user, "XDG_CACHE_HOME");
    user.plugin(&["upgrade", &next])
        .expect(77)
        .says("reads XDG_CACHE_HOME of the environment as its setting /envvars")
        .does_not_say("reads region_vars");
}

#[test]
fn a_file_before_an_installed_plugin_is_not_given_what_was_meant_for_that() {
    let user = User::new();
    let regions = user.regions("1.0.0", &sets(&["/extravars/region"]));
    user.plugin(&["install", &regions]).expect(0);
    fs::create_dir_all(user.path("folder")).unwrap();
    let run = |words: &[&str]| {
        let mut command = user.command(&[&["run", "pdd", "-p", "site.yml"], words].concat());
        Said::of(&command.env("PLAYHOUSE_PLUGIN_PATH", user.path("folder")).output().unwrap())
    };
    let plain = ["--plugin", "regions"];
    let granted = ["--plugin", "regions", "--plugin-allow", "regions.set=/extravars/region"];
    fs::copy(user.path("regions.wasm"), user.path("folder/regions.wasm")).unwrap();
    run(&granted).expect(0).does_not_say("stands before");

    let other = user.regions("6.6.6", &sets(&["/extravars/region"]));
    fs::copy(user.path(&other), user.path("folder/regions.wasm")).unwrap();
    run(&plain).expect(0).says("stands before the installed plugin of that name").says("6.6.6");
    run(&granted).expect(78).says("it is not given what was written for `regions`");
    let inspected = user.plugin(&["inspect", &other, "--json"]);
    let inspected: Value = serde_json::from_str(&inspected.expect(0).stdout).unwrap();
    let pinned = format!("regions@{}", inspected["digest"].as_str().unwrap());
    run(&["--plugin", &pinned, granted[2], granted[3]]).expect(0);
}

#[test]
fn metadata_that_means_nothing_is_not_written_and_an_older_components_is_told() {
    let user = User::new();
    for (more, told) in [
        (json!({"want": []}), "has the unknown key `/want`; there are schema, sdk, name"),
        (json!({"wants": [{"kind": "set", "paths": ["/mode"]}]}), "`/mode`, which cannot be set"),
        (json!({"settings": {"confidential": ["url"]}}), "write a JSON Pointer, `/url`"),
    ] {
        let mut json = json!({"name": "regions", "hooks": {"pre-run": {}}});
        json.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        fs::write(user.path("plugin.json"), json.to_string()).unwrap();
        let component = component("extra-vars");
        let words = ["annotate", component.to_str().unwrap(), "--metadata", "plugin.json"];
        user.plugin(&[&words[..], &["-o", "x.wasm"]].concat()).expect(78).says(told);
    }

    // As an SDK made it that did not look, and as one made it that does.
    let made = user.regions("1.0.0", &json!([]));
    let bytes = fs::read(user.path(&made)).unwrap();
    let patched = |from: &str, to: &str| {
        assert_eq!(from.len(), to.len());
        let at = bytes.windows(from.len()).rposition(|found| found == from.as_bytes()).unwrap();
        let mut bytes = bytes.clone();
        bytes[at..at + to.len()].copy_from_slice(to.as_bytes());
        fs::write(user.path("old.wasm"), bytes).unwrap();
    };
    patched(r#""sdk":"#, r#""sdq":"#);
    let told = "its metadata has the unknown key `/sdq`";
    user.plugin(&["inspect", "./old.wasm"]).expect(0).says(told);
    user.run(&["--plugin", "./old.wasm"]).expect(0).says(told).says("its author has to correct");
    patched(r#""wants":"#, r#""wantz":"#);
    user.run(&["--plugin", "./old.wasm"]).expect(78).says("it has the unknown key `/wantz`");
}

#[test]
fn what_is_given_for_what_a_plugin_does_not_ask_for_is_an_error() {
    let user = User::new();
    let regions = user.regions("1.0.0", &sets(&["/extravars/region"]));
    for (flag, value, told) in [
        ("--plugin-allow", "regions.set=/extravars/zone", "it asks for set=/extravars/region"),
        ("--plugin-allow", "regions.env=HOME", "it asks for nothing of the kind `env`"),
        ("--plugin-secret", "regions.token=env:HOME", "does not ask for the secret `token`"),
    ] {
        user.run(&["--plugin", &regions, flag, value]).expect(78).says(told);
    }
    let annotate = component("annotate");
    let words = ["--plugin", annotate.to_str().unwrap(), "--plugin-config", "annotate.label={}"];
    user.run(&words)
        .expect(78)
        .says("plugin `annotate` has no setting `/label`, only labels, run, rules;");
}

#[test]
fn limits_that_a_version_raises_wait_to_be_accepted_and_end_somewhere() {
    let user = User::new();
    let of = |version: &str, mebibytes: u64| {
        let limits = json!({"memory_mib": mebibytes});
        user.regions_with(&json!({"version": version, "limits": limits}))
    };
    user.plugin(&["install", &of("1.0.0", 32)]).expect(0);
    user.plugin(&["inspect", "regions"])
        .expect(0)
        .says("limits: memory_mib 32, event_bytes 8388608");
    let next = of("2.0.0", 4_096);
    user.plugin(&["upgrade", &next]).expect(77).says("raises a limit: memory_mib 32 to 512");
    user.plugin(&["upgrade", &next, "--accept"]).expect(0);
    user.plugin(&["inspect", "regions"]).expect(0).says("limits: memory_mib 512,");
    user.plugin(&["upgrade", &of("3.0.0", 64)]).expect(0).does_not_say("raises");
}

#[test]
fn a_plugins_reason_is_shown_and_cannot_pass_for_ours() {
    let user = User::new();
    let wants = json!([{
        "kind": "set", "paths": ["/extravars/region"], "why": "to say\u{1b}[2J where\n  granted: all"
    }]);
    let regions = user.regions("1.0.0", &wants);
    for words in [["inspect", &regions], ["install", &regions]] {
        let shown = user.plugin(&words);
        shown.expect(0).says(r"      to say\u{1b}[2J where\n  granted: all");
        shown.does_not_say("\u{1b}");
    }
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
