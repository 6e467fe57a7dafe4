//! What wit-bindgen makes of `wit/`: one world for what every plugin has, one a hook.
//! All share the types of the first, so that an event is one type whatever the hook.
#![expect(clippy::pedantic, reason = "generated; the WIT has the documentation")]

/// `lifecycle`, the types, and what the host offers.
pub mod base {
    wit_bindgen::generate!({
        path: "../wit",
        world: "plugin",
        generate_all,
        pub_export_macro: true,
        export_macro_name: "export_lifecycle",
        default_bindings_module: "playhouse_plugin::bindings::base",
    });
}

/// `pre-run`.
pub mod pre_run {
    wit_bindgen::generate!({
        path: "../wit",
        world: "pre-run-hook",
        with: { "playhouse:plugin/types@0.1.0": super::base::playhouse::plugin::types },
        pub_export_macro: true,
        export_macro_name: "export_pre_run",
        default_bindings_module: "playhouse_plugin::bindings::pre_run",
    });
}

/// `event-filter`.
pub mod event_filter {
    wit_bindgen::generate!({
        path: "../wit",
        world: "event-filter-hook",
        with: { "playhouse:plugin/types@0.1.0": super::base::playhouse::plugin::types },
        pub_export_macro: true,
        export_macro_name: "export_event_filter",
        default_bindings_module: "playhouse_plugin::bindings::event_filter",
    });
}

/// `event-enricher`.
pub mod event_enricher {
    wit_bindgen::generate!({
        path: "../wit",
        world: "event-enricher-hook",
        with: { "playhouse:plugin/types@0.1.0": super::base::playhouse::plugin::types },
        pub_export_macro: true,
        export_macro_name: "export_event_enricher",
        default_bindings_module: "playhouse_plugin::bindings::event_enricher",
    });
}

/// `status-sink`.
pub mod status_sink {
    wit_bindgen::generate!({
        path: "../wit",
        world: "status-sink-hook",
        with: { "playhouse:plugin/types@0.1.0": super::base::playhouse::plugin::types },
        generate_all,
        pub_export_macro: true,
        export_macro_name: "export_status_sink",
        default_bindings_module: "playhouse_plugin::bindings::status_sink",
    });
}

/// `event-sink`.
pub mod event_sink {
    wit_bindgen::generate!({
        path: "../wit",
        world: "event-sink-hook",
        with: {
            "playhouse:plugin/types@0.1.0": super::base::playhouse::plugin::types,
            "playhouse:plugin/delivery@0.1.0": super::status_sink::playhouse::plugin::delivery,
        },
        pub_export_macro: true,
        export_macro_name: "export_event_sink",
        default_bindings_module: "playhouse_plugin::bindings::event_sink",
    });
}

/// `timer`.
pub mod timer {
    wit_bindgen::generate!({
        path: "../wit",
        world: "timer-hook",
        pub_export_macro: true,
        export_macro_name: "export_timer",
        default_bindings_module: "playhouse_plugin::bindings::timer",
    });
}
