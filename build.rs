use std::path::{Path, PathBuf};
use std::{env, fs};

fn main() {
    napi_build::setup();
    // The watcher and spawner threads run this code for the life of the process, also when only a worker thread had
    // loaded it and has ended.
    println!("cargo:rustc-cdylib-link-arg=-Wl,-z,nodelete");
    build_no_ring();
}

/// The library that src/sys/fork/preload.rs holds. An empty file where processes are not forked.
fn build_no_ring() {
    const SOURCE: &str = "src/sys/fork/no_ring.c";
    println!("cargo:rerun-if-changed={SOURCE}");
    let library = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets it")).join("no_ring.so");
    let is = |name: &str, value: &str| env::var(name).is_ok_and(|found| found == value);
    if is("CARGO_CFG_TARGET_ARCH", "x86_64") && is("CARGO_CFG_TARGET_OS", "linux") && is("CARGO_CFG_TARGET_ENV", "gnu")
    {
        compile(Path::new(SOURCE), &library);
    } else {
        fs::write(&library, []).expect("OUT_DIR can be written");
    }
}

fn compile(source: &Path, library: &Path) {
    let mut compiler = cc::Build::new().opt_level(2).pic(true).debug(false).get_compiler().to_command();
    let status = compiler.args(["-shared", "-nostdlib", "-s", "-o"]).arg(library).arg(source).status();
    assert!(status.is_ok_and(|status| status.success()), "{} could not be compiled", source.display());
}
