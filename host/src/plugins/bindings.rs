//! The interface of `wit/` as Rust: generated, private, and in a file that rarely
//! changes because it takes long to compile. Only its neighbours name these types.

wasmtime::component::bindgen!({
    path: "../wit",
    world: "all-hooks",
    imports: {
        default: async | trappable,
        "playhouse:plugin/log.enabled": trappable,
        "playhouse:plugin/log.log": trappable,
    },
    exports: { default: async },
    with: { "playhouse:plugin/net.connection": super::egress::Connection },
    ownership: Borrowing { duplicate_if_necessary: true },
    require_store_data_send: true,
});
