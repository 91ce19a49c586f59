fn main() {
    napi_build::setup();
    // The watcher and spawner threads run this code for the life of the process, also when only a worker thread had
    // loaded it and has ended.
    println!("cargo:rustc-cdylib-link-arg=-Wl,-z,nodelete");
}
