//! The environments that use a thread's runtime, and how each is told what happened.
//!
//! An environment (a module instance; Jest makes many in one thread) registers one dispatcher function.

use std::ptr;

use napi::sys as raw;

use super::event_loop::on_cleanup;
use super::{Event, RUNTIME, Runtime, with_any};
use crate::binding::arguments;
use crate::error::{Code, Error};
use crate::sys::uv;

pub struct Instance {
    env: raw::napi_env,
    dispatcher: raw::napi_ref,
    context: raw::napi_async_context,
}

/// Whether the environment can run no JavaScript any more. Node-API tells it in any call that could run some.
pub fn is_stopping(env: raw::napi_env) -> bool {
    let mut scope = ptr::null_mut();
    // SAFETY: `env` is the calling thread's environment, and we are called from its JavaScript.
    if unsafe { raw::napi_open_handle_scope(env, &raw mut scope) } != raw::Status::napi_ok {
        return true;
    }
    let mut object = ptr::null_mut();
    // SAFETY: a handle scope is open.
    unsafe { raw::napi_create_object(env, &raw mut object) };
    let mut names = ptr::null_mut();
    // SAFETY: `object` is a live object without accessors: nothing of the user's runs.
    let status = unsafe { raw::napi_get_property_names(env, object, &raw mut names) };
    // SAFETY: the scope opened above, closed once.
    unsafe { raw::napi_close_handle_scope(env, scope) };
    status != raw::Status::napi_ok
}

/// Opens the thread's runtime if need be, and adds a dispatcher to it. Returns the instance's number.
pub fn register(env: raw::napi_env, dispatcher: raw::napi_value) -> napi::Result<u32> {
    let is_open = RUNTIME.with(|slot| slot.0.borrow().is_some());
    if !is_open {
        let mut event_loop = ptr::null_mut();
        // SAFETY: `env` is the calling thread's live environment.
        let status = unsafe { raw::napi_get_uv_event_loop(env, &raw mut event_loop) };
        if status != raw::Status::napi_ok {
            return Err(arguments::throw(Error::new(Code::Internal, "this thread has no event loop".to_owned())));
        }
        // SAFETY: Node-API just gave this thread's loop; the runtime is of this thread and closed before the loop is.
        let event_loop = unsafe { uv::Loop::from_raw(event_loop.cast()) };
        let runtime = Runtime::open(event_loop).map_err(arguments::throw)?;
        RUNTIME.with(|slot| *slot.0.borrow_mut() = Some(Box::new(runtime)));
        let mut hook = ptr::null_mut();
        // SAFETY: `env` is live; the hook runs on this thread before the environment's loop is closed.
        unsafe { raw::napi_add_async_cleanup_hook(env, Some(on_cleanup), ptr::null_mut(), &raw mut hook) };
    }
    let mut reference = ptr::null_mut();
    // SAFETY: `dispatcher` is a live function value of `env`.
    unsafe { raw::napi_create_reference(env, dispatcher, 1, &raw mut reference) };
    let mut name = ptr::null_mut();
    // SAFETY: the text is 9 bytes long.
    unsafe { raw::napi_create_string_utf8(env, c"multiproc".as_ptr(), 9, &raw mut name) };
    let mut context = ptr::null_mut();
    // The dispatcher is the resource that async_hooks shows: it says that it keeps no program alive.
    // SAFETY: `dispatcher` is a live object, which the reference above keeps; `name` is a live string.
    unsafe { raw::napi_async_init(env, dispatcher, name, &raw mut context) };
    with_any(|runtime| {
        runtime.instances.push(Some(Instance { env, dispatcher: reference, context }));
        Ok(runtime.instances.len() as u32 - 1)
    })
}

/// Tells JavaScript, one event after the other, each with its own microtasks.
pub fn dispatch(events: &[Event]) {
    for event in events {
        let target = RUNTIME.with(|slot| {
            let borrowed = slot.0.borrow();
            let instance = borrowed.as_ref()?.instances.get(event.instance)?.as_ref()?;
            Some((instance.env, instance.dispatcher, instance.context))
        });
        if let Some((env, dispatcher, context)) = target {
            call(env, dispatcher, context, event);
        }
    }
}

fn call(env: raw::napi_env, dispatcher: raw::napi_ref, context: raw::napi_async_context, event: &Event) {
    let mut scope = ptr::null_mut();
    // SAFETY: libuv calls us on the environment's thread, outside of any JavaScript; `env` lives until our cleanup hook.
    if unsafe { raw::napi_open_handle_scope(env, &raw mut scope) } != raw::Status::napi_ok {
        return;
    }
    let (mut function, mut global) = (ptr::null_mut(), ptr::null_mut());
    let mut arguments = [ptr::null_mut(); 3];
    // SAFETY: the reference is strong and was made in this environment.
    unsafe { raw::napi_get_reference_value(env, dispatcher, &raw mut function) };
    // SAFETY: `env` is live and a handle scope is open; likewise for the four calls below.
    unsafe { raw::napi_get_global(env, &raw mut global) };
    // SAFETY: see above.
    unsafe { raw::napi_create_uint32(env, event.kind, &raw mut arguments[0]) };
    // SAFETY: see above.
    unsafe { raw::napi_create_uint32(env, event.id, &raw mut arguments[1]) };
    // SAFETY: see above.
    unsafe { raw::napi_create_double(env, event.value, &raw mut arguments[2]) };
    let mut result = ptr::null_mut();
    // SAFETY: all values are live in the scope; the context was made in this environment.
    let status = unsafe {
        raw::napi_make_callback(env, context, global, function, arguments.len(), arguments.as_ptr(), &raw mut result)
    };
    if status == raw::Status::napi_pending_exception {
        let mut exception = ptr::null_mut();
        // SAFETY: an exception is pending, as the status says.
        unsafe { raw::napi_get_and_clear_last_exception(env, &raw mut exception) };
        // SAFETY: `exception` is the value just taken. Node.js treats it as uncaught, which it is.
        unsafe { raw::napi_fatal_exception(env, exception) };
    }
    // SAFETY: the scope opened above, closed once.
    unsafe { raw::napi_close_handle_scope(env, scope) };
}
