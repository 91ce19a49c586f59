//! Symbols that may or may not be there: functions of newer Node.js versions, and exported C++ ones of older.

use std::ffi::{CStr, c_void};

/// The address of a symbol of the running program or its libraries.
pub fn symbol(name: &CStr) -> Option<*mut c_void> {
    // SAFETY: the name is NUL-terminated; RTLD_DEFAULT is always valid.
    let address = unsafe { libc::dlsym(libc::RTLD_DEFAULT, name.as_ptr()) };
    (!address.is_null()).then_some(address)
}
