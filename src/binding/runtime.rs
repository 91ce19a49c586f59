//! One thread's runtime: its agent, its waits and channels, and the three libuv handles that join them to its loop.
//!
//! | libuv calls | when | we |
//! |---|---|---|
//! | prepare | the loop is about to wait | look at everything; spin a little if there was traffic; say LOOP in the park word |
//! | poll | our epoll set has something: doorbell, deadline, a child that ended | drain it |
//! | check | the loop has waited | say RUNNING; look at everything; call JavaScript |
//!
//! JavaScript is called with no borrow of the runtime held, since it calls back. An environment (a module instance; Jest
//! makes many in one thread) registers one dispatcher function; each wait and channel remembers whose it is.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ffi::{c_int, c_void};
use std::os::fd::AsFd;
use std::ptr;
use std::time::{Duration, Instant};

use napi::sys as raw;

use crate::channel::Endpoint;
use crate::error::{Code, Error, Result};
use crate::memory::{Block, Domain};
use crate::pool::task_queue::TaskQueue;
use crate::process::spawn::SpawnedChild;
use crate::process::watcher;
use crate::sync::park::{self, Agent, LOOK_AGAIN_AFTER};
use crate::sync::waits::{Goal, Outcome, Patience, Waits};
use crate::sys::clock::Deadline;
use crate::sys::epoll::{Interrupt, Poller, Timer};
use crate::sys::{Errno, procfs, signal, thread, uv};

const KEY_BELL: u64 = 0;
const KEY_TIMER: u64 = 1;
const KEY_INTERRUPT: u64 = 2;
/// Keys from here on are children.
const KEY_CHILD: u64 = 16;

/// What the dispatcher is told; lib/runtime.js has the same numbers.
pub const EVENT_WAIT: u32 = 1;
pub const EVENT_CHANNEL: u32 = 2;
pub const EVENT_CHANNEL_END: u32 = 3;
pub const EVENT_CHILD_EXIT: u32 = 4;
pub const EVENT_TASKS: u32 = 5;

/// Handling a message makes the next one likely: how often in a row a spin may start anew.
const SPINS_IN_A_ROW: u32 = 32;
/// A blocking wait of a worker thread asks this often whether the thread is to end.
const WORKER_LOOKS_AFTER: Duration = Duration::from_millis(100);

pub struct Event {
    instance: usize,
    kind: u32,
    id: u32,
    value: f64,
}

struct Instance {
    env: raw::napi_env,
    dispatcher: raw::napi_ref,
    context: raw::napi_async_context,
}

pub struct ChannelState {
    pub endpoint: Endpoint,
    instance: usize,
    reading: bool,
    referenced: bool,
    end_reported: bool,
}

pub struct QueueState {
    pub queue: TaskQueue,
    pub worker: u32,
    is_producer: bool,
    instance: usize,
    idle: bool,
}

impl QueueState {
    /// Of the producer: tasks lie in the queue.
    fn has_untaken_tasks(&self) -> bool {
        self.is_producer && self.queue.has_tasks()
    }
}

struct ChildState {
    child: SpawnedChild,
    instance: usize,
    referenced: bool,
}

pub struct Runtime {
    pub agent: Agent,
    waits: Waits,
    /// Whose each asynchronous wait is.
    wait_instances: BTreeMap<u32, usize>,
    channels: BTreeMap<u32, ChannelState>,
    queues: BTreeMap<u32, QueueState>,
    children: BTreeMap<u32, ChildState>,
    /// Children whose end has been seen and not been looked at: id and status.
    ended_children: Vec<u32>,
    next_id: u32,
    instances: Vec<Option<Instance>>,
    poller: Poller,
    timer: Timer,
    interrupt: Interrupt,
    event_loop: uv::Loop,
    handles: Option<(uv::Handle, uv::Handle, uv::Handle)>,
    is_referenced: bool,
    armed: Option<Instant>,
    spin: Duration,
    /// A message was handled since the loop last slept.
    had_traffic: bool,
}

thread_local! {
    static RUNTIME: RefCell<Option<Box<Runtime>>> = const { RefCell::new(None) };
}

/// Calls `action` with this thread's runtime, which must have been opened by `register`.
pub fn with<T>(action: impl FnOnce(&mut Runtime) -> Result<T>) -> napi::Result<T> {
    RUNTIME.with(|cell| match cell.borrow_mut().as_mut() {
        Some(runtime) => action(runtime).map_err(super::arguments::throw),
        None => Err(super::arguments::throw(Error::new(
            Code::Closed,
            "multiproc is not open in this thread: it is ending".to_owned(),
        ))),
    })
}

/// As `with`, for finalisers: does nothing when the thread's runtime is gone or busy.
pub fn try_with(action: impl FnOnce(&mut Runtime)) {
    let _ = RUNTIME.try_with(|cell| {
        if let Ok(mut runtime) = cell.try_borrow_mut()
            && let Some(runtime) = runtime.as_mut()
        {
            action(runtime);
        }
    });
}

impl Runtime {
    fn open(event_loop: uv::Loop) -> Result<Self> {
        let failed =
            |error: std::io::Error| Error::new(Code::Domain, format!("the runtime could not be opened: {error}"));
        let domain = Domain::of_family()?;
        watcher::start(domain)?;
        let agent = Agent::enlist(domain)?;
        let (poller, timer, interrupt) =
            (Poller::new().map_err(failed)?, Timer::new().map_err(failed)?, Interrupt::new().map_err(failed)?);
        poller.add(agent.bell().fd(), KEY_BELL).map_err(failed)?;
        poller.add(timer.fd(), KEY_TIMER).map_err(failed)?;
        poller.add(interrupt.fd(), KEY_INTERRUPT).map_err(failed)?;
        let handles = (
            uv::Handle::poll(event_loop, poller.raw_fd(), on_poll),
            uv::Handle::prepare(event_loop, on_prepare),
            uv::Handle::check(event_loop, on_check),
        );
        let (Some(poll), Some(prepare), Some(check)) = handles else {
            return Err(Error::new(Code::Internal, "libuv refused a handle".to_owned()));
        };
        poll.set_ref(false);
        prepare.set_ref(false);
        check.set_ref(false);
        Ok(Self {
            agent,
            waits: Waits::default(),
            wait_instances: BTreeMap::new(),
            channels: BTreeMap::new(),
            queues: BTreeMap::new(),
            children: BTreeMap::new(),
            ended_children: Vec::new(),
            next_id: 0,
            instances: Vec::new(),
            poller,
            timer,
            interrupt,
            event_loop,
            handles: Some((poll, prepare, check)),
            is_referenced: false,
            armed: None,
            spin: spin_from_environment(),
            had_traffic: false,
        })
    }

    pub fn domain(&self) -> &'static Domain {
        self.agent.domain
    }

    pub fn begin_wait(
        &mut self,
        instance: u32,
        block: Block,
        goal: Goal,
        timeout_ms: f64,
    ) -> std::result::Result<u32, Outcome> {
        let id = self.waits.begin(&self.agent, block, goal, Deadline::after_ms(timeout_ms))?;
        self.wait_instances.insert(id, instance as usize);
        self.settle();
        Ok(id)
    }

    pub fn cancel_wait(&mut self, id: u32) -> Option<Outcome> {
        let outcome = self.waits.cancel(&self.agent, id)?;
        self.wait_instances.remove(&id);
        self.settle();
        Some(outcome)
    }

    /// Blocks the thread. One that is told to end meanwhile (`worker.terminate()`) gives up.
    pub fn wait_sync(&mut self, env: raw::napi_env, block: Block, goal: Goal, timeout_ms: f64) -> Outcome {
        // Only other threads than the main one are ever told to end while they block.
        let is_worker = thread::id() != std::process::id();
        let patience = Patience {
            // About 100 ns a look; without a second processor the holder cannot run meanwhile.
            spins: (self.spin.as_nanos() / 100) as u32,
            look_again_after: if is_worker { WORKER_LOOKS_AFTER } else { LOOK_AGAIN_AFTER },
        };
        let is_stopping = || is_worker && is_stopping(env);
        let wait = (block, goal, Deadline::after_ms(timeout_ms));
        let outcome = self.waits.wait(&self.agent, wait, &patience, &is_stopping);
        // Notifications for the asynchronous waits may have been taken away by the blocking one.
        self.interrupt.raise();
        outcome
    }

    pub fn add_channel(&mut self, endpoint: Endpoint, instance: u32) -> u32 {
        self.next_id += 1;
        let state = ChannelState {
            endpoint,
            instance: instance as usize,
            reading: false,
            referenced: false,
            end_reported: false,
        };
        self.channels.insert(self.next_id, state);
        self.next_id
    }

    /// `worker`: this worker's number; `None` for the producer.
    pub fn add_queue(&mut self, queue: TaskQueue, instance: u32, worker: Option<u32>) -> u32 {
        self.next_id += 1;
        let state = QueueState {
            queue,
            worker: worker.unwrap_or(0),
            is_producer: worker.is_none(),
            instance: instance as usize,
            idle: false,
        };
        self.queues.insert(self.next_id, state);
        self.next_id
    }

    pub fn queue(&mut self, id: u32) -> Result<&mut QueueState> {
        self.queues.get_mut(&id).ok_or_else(|| Error::new(Code::Closed, "the task queue is closed".to_owned()))
    }

    /// Whether new tasks are reported: while it is so, they wake this thread.
    pub fn set_idle(&mut self, id: u32, idle: bool) -> Result<()> {
        let slot = self.agent.slot();
        let state = self.queue(id)?;
        state.idle = idle;
        state.queue.set_idle(slot, idle);
        if idle {
            // Tasks that came before the bit was set are reported by the next look.
            self.interrupt.raise();
        }
        Ok(())
    }

    pub fn remove_queue(&mut self, id: u32) {
        let slot = self.agent.slot();
        if let Some(state) = self.queues.remove(&id) {
            state.queue.set_idle(slot, false);
        }
    }

    pub fn channel(&mut self, id: u32) -> Result<&mut ChannelState> {
        self.channels.get_mut(&id).ok_or_else(|| Error::new(Code::ChannelClosed, "the channel is closed".to_owned()))
    }

    /// Whether the channel's messages are reported, and whether it keeps the event loop alive.
    pub fn set_channel(&mut self, id: u32, reading: bool, referenced: bool) -> Result<()> {
        let state = self.channel(id)?;
        state.reading = reading;
        state.referenced = referenced;
        // What is there already is reported by the next look, which must not be slept over.
        self.interrupt.raise();
        self.settle();
        Ok(())
    }

    pub fn remove_channel(&mut self, id: u32) {
        self.channels.remove(&id);
        self.settle();
    }

    pub fn add_child(&mut self, child: SpawnedChild, instance: u32) -> Result<u32> {
        self.next_id += 1;
        let id = self.next_id;
        if let Err(error) = self.poller.add(child.pidfd.as_fd(), KEY_CHILD + u64::from(id)) {
            // Not to be watched, so not to be left running.
            let _ = child.kill(signal::KILL);
            child.wait();
            return Err(Error::new(Code::Internal, format!("the child cannot be watched: {error}")));
        }
        self.children.insert(id, ChildState { child, instance: instance as usize, referenced: true });
        self.settle();
        Ok(id)
    }

    pub fn kill_child(&self, id: u32, signal: i32) -> i32 {
        match self.children.get(&id).map(|state| state.child.kill(signal)) {
            Some(Ok(())) => 0,
            Some(Err(errno)) => -(errno as i32),
            None => -(Errno::ESRCH as i32),
        }
    }

    pub fn set_child_ref(&mut self, id: u32, referenced: bool) {
        if let Some(state) = self.children.get_mut(&id) {
            state.referenced = referenced;
            self.settle();
        }
    }

    /// A child has ended: what it held in the domain is given back before anybody is told.
    fn look_at_ended_children(&mut self, events: &mut Vec<Event>) {
        for id in std::mem::take(&mut self.ended_children) {
            let Some(status) = self.children.get(&id).and_then(|state| state.child.try_wait()) else { continue };
            let Some(state) = self.children.remove(&id) else { continue };
            self.poller.remove(state.child.pidfd.as_fd());
            let domain = self.domain();
            for (_, pid, start_time) in domain.agents().processes() {
                if pid == state.child.pid && !procfs::is_alive(pid, start_time) {
                    domain.reap(pid, start_time);
                    park::wake_all(domain);
                }
            }
            let value = f64::from(status.signal) * 65_536.0 + f64::from(status.code & 0xffff);
            events.push(Event { instance: state.instance, kind: EVENT_CHILD_EXIT, id, value });
        }
    }

    pub fn note_traffic(&mut self) {
        self.had_traffic = true;
    }

    /// Brings the loop's reference and the timer in line with what is pending.
    pub fn settle(&mut self) {
        let referenced = !self.waits.is_empty()
            || self.channels.values().any(|state| state.referenced)
            || self.children.values().any(|state| state.referenced);
        if referenced != self.is_referenced
            && let Some((poll, ..)) = &self.handles
        {
            poll.set_ref(referenced);
            self.is_referenced = referenced;
        }
        // A producer looks again too: the worker that it woke for a task may be stopped, and others idle.
        let is_watched = !self.waits.is_empty() || self.queues.values().any(QueueState::has_untaken_tasks);
        let deadline = is_watched.then(|| {
            let look_again = Instant::now() + LOOK_AGAIN_AFTER;
            self.waits.nearest_deadline().map_or(look_again, |nearest| nearest.min(look_again))
        });
        let is_sooner = match (self.armed, deadline) {
            (_, None) => self.armed.is_some(),
            (None, Some(_)) => true,
            (Some(armed), Some(wanted)) => wanted < armed || armed <= Instant::now(),
        };
        if is_sooner {
            self.timer.set(deadline.map(|at| at.saturating_duration_since(Instant::now())));
            self.armed = deadline;
        }
    }

    /// Looks at everything that is pending.
    fn look(&mut self, events: &mut Vec<Event>) {
        if !self.ended_children.is_empty() {
            self.look_at_ended_children(events);
        }
        if !self.waits.is_empty() {
            let mut ended = Vec::new();
            self.waits.look(&self.agent, &mut ended);
            for (id, outcome) in ended {
                let instance = self.wait_instances.remove(&id).unwrap_or(0);
                events.push(Event { instance, kind: EVENT_WAIT, id, value: super::arguments::outcome(outcome) });
            }
        }
        for (&id, state) in &mut self.channels {
            if !state.reading {
                continue;
            }
            // The end first: what was sent before it is seen by the second look.
            let ended = state.endpoint.is_ended();
            if state.endpoint.has_data() {
                events.push(Event { instance: state.instance, kind: EVENT_CHANNEL, id, value: 0.0 });
                self.had_traffic = true;
            } else if ended && !state.end_reported {
                state.end_reported = true;
                events.push(Event { instance: state.instance, kind: EVENT_CHANNEL_END, id, value: 0.0 });
            }
        }
        for (&id, state) in &self.queues {
            if state.idle && state.queue.has_tasks() {
                events.push(Event { instance: state.instance, kind: EVENT_TASKS, id, value: 0.0 });
                self.had_traffic = true;
            }
        }
        self.settle();
    }

    fn has_interest(&self) -> bool {
        !self.waits.is_empty() || !self.channels.is_empty() || !self.queues.is_empty()
    }

    /// Whether a message or a task is there.
    fn has_arrivals(&self) -> bool {
        self.channels.values().any(|state| state.reading && state.endpoint.has_data())
            || self.queues.values().any(|state| state.idle && state.queue.has_tasks())
    }

    fn drain_poller(&mut self) {
        let mut ready = Vec::new();
        self.poller.wait(Some(Duration::ZERO), &mut ready);
        for key in ready {
            match key {
                KEY_BELL => self.agent.bell().drain(),
                KEY_INTERRUPT => self.interrupt.clear(),
                KEY_TIMER => {
                    self.timer.clear();
                    self.armed = None;
                    // Nothing happened for a while: look for deaths that nobody could tell of.
                    if self.domain().reap_dead() {
                        park::wake_all(self.domain());
                    }
                    for state in self.queues.values().filter(|state| state.has_untaken_tasks()) {
                        state.queue.wake_all_workers();
                    }
                }
                child => {
                    let id = (child - KEY_CHILD) as u32;
                    if !self.ended_children.contains(&id) {
                        self.ended_children.push(id);
                    }
                }
            }
        }
    }
}

/// Whether the environment can run no JavaScript any more. Node-API tells it in any call that could run some.
fn is_stopping(env: raw::napi_env) -> bool {
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
    let is_open = RUNTIME.with(|cell| cell.borrow().is_some());
    if !is_open {
        let mut event_loop = ptr::null_mut();
        // SAFETY: `env` is the calling thread's live environment.
        let status = unsafe { raw::napi_get_uv_event_loop(env, &raw mut event_loop) };
        if status != raw::Status::napi_ok {
            return Err(super::arguments::throw(Error::new(
                Code::Internal,
                "this thread has no event loop".to_owned(),
            )));
        }
        // SAFETY: Node-API just gave this thread's loop; the runtime is of this thread and closed before the loop is.
        let event_loop = unsafe { uv::Loop::from_raw(event_loop.cast()) };
        let runtime = Runtime::open(event_loop).map_err(super::arguments::throw)?;
        RUNTIME.with(|cell| *cell.borrow_mut() = Some(Box::new(runtime)));
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
    // SAFETY: no resource object is given, which Node-API allows; `name` is a live string.
    unsafe { raw::napi_async_init(env, ptr::null_mut(), name, &raw mut context) };
    with(|runtime| {
        runtime.instances.push(Some(Instance { env, dispatcher: reference, context }));
        Ok(runtime.instances.len() as u32 - 1)
    })
}

/// Tells JavaScript, one event after the other, each with its own microtasks.
fn dispatch(events: &[Event]) {
    for event in events {
        let target = RUNTIME.with(|cell| {
            let borrowed = cell.borrow();
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

fn look_and_dispatch() -> bool {
    let mut events = Vec::new();
    let _ = with(|runtime| {
        runtime.look(&mut events);
        Ok(())
    });
    dispatch(&events);
    !events.is_empty()
}

extern "C" fn on_prepare(_: *mut c_void) {
    let interested = RUNTIME.with(|cell| cell.borrow().as_ref().is_some_and(|runtime| runtime.has_interest()));
    if !interested {
        return;
    }
    look_and_dispatch();
    spin();
    for _ in 0..4 {
        let asleep = RUNTIME.with(|cell| {
            let borrowed = cell.borrow();
            let Some(runtime) = borrowed.as_ref() else { return true };
            // More messages than one turn hands over: the loop turns, with a look at its other sources, and goes on.
            if runtime.has_arrivals() {
                runtime.interrupt.raise();
                return true;
            }
            // Whatever uv_backend_timeout() says: it is 0 also while a new descriptor waits to be watched, and then the
            // loop does sleep.
            if runtime.agent.enter_loop_sleep() {
                return true;
            }
            runtime.agent.leave_sleep();
            false
        });
        if asleep {
            return;
        }
        look_and_dispatch();
    }
    // Notified again and again: let the loop turn, its other sources want their turn too.
    let _ = with(|runtime| {
        runtime.interrupt.raise();
        Ok(())
    });
}

/// Waits a few microseconds for the next message before the loop sleeps: an answer that comes within them costs no
/// system call on either side. Only when messages have just been handled, and only while the loop has nothing else.
fn spin() {
    for _ in 0..SPINS_IN_A_ROW {
        let came = RUNTIME.with(|cell| {
            let mut borrowed = cell.borrow_mut();
            let Some(runtime) = borrowed.as_mut() else { return false };
            // With other work to do the loop does not sleep: the spin comes when it is about to.
            if runtime.spin.is_zero() || uv::backend_timeout(runtime.event_loop) == 0 {
                return false;
            }
            if !std::mem::take(&mut runtime.had_traffic) {
                return false;
            }
            let end = Instant::now() + runtime.spin;
            while Instant::now() < end {
                for _ in 0..20 {
                    if runtime.has_arrivals() {
                        return true;
                    }
                    std::hint::spin_loop();
                }
                if runtime.agent.is_notified() {
                    return true;
                }
            }
            false
        });
        if !came {
            return;
        }
        let _ = with(|runtime| {
            runtime.agent.leave_sleep();
            Ok(())
        });
        look_and_dispatch();
    }
}

extern "C" fn on_poll(_: *mut c_void, _: c_int, _: c_int) {
    let _ = with(|runtime| {
        runtime.drain_poller();
        Ok(())
    });
}

extern "C" fn on_check(_: *mut c_void) {
    let _ = with(|runtime| {
        runtime.agent.leave_sleep();
        Ok(())
    });
    look_and_dispatch();
}

fn spin_from_environment() -> Duration {
    if thread::processor_count() < 2 {
        return Duration::ZERO;
    }
    let micros = std::env::var("MULTIPROC_SPIN_US").ok().and_then(|value| value.parse().ok()).unwrap_or(20);
    Duration::from_micros(u64::min(micros, 1000))
}

thread_local! {
    /// Handles still to be closed, and what Node.js waits for.
    static CLOSING: RefCell<(u32, Vec<raw::napi_async_cleanup_hook_handle>)> = const { RefCell::new((0, Vec::new())) };
}

/// The environment ends: waits end without an outcome, channels are closed, the agent leaves, and Node.js waits until
/// libuv has closed our handles.
unsafe extern "C" fn on_cleanup(hook: raw::napi_async_cleanup_hook_handle, _: *mut c_void) {
    let runtime = RUNTIME.with(|cell| cell.borrow_mut().take());
    let Some(mut runtime) = runtime else {
        // SAFETY: the handle that Node-API gave to this call, removed once.
        unsafe { raw::napi_remove_async_cleanup_hook(hook) };
        return;
    };
    runtime.waits.abandon(&runtime.agent);
    runtime.channels.clear();
    runtime.queues.clear();
    CLOSING.with(|cell| {
        let mut closing = cell.borrow_mut();
        closing.0 = 3;
        closing.1.push(hook);
    });
    if let Some((poll, prepare, check)) = runtime.handles.take() {
        poll.close(on_closed_poll);
        prepare.close(on_closed_prepare);
        check.close(on_closed_check);
    }
    drop(runtime);
}

extern "C" fn on_closed_poll(handle: *mut c_void) {
    uv::free(handle, uv::ClosedKind::Poll);
    closed_one();
}

extern "C" fn on_closed_prepare(handle: *mut c_void) {
    uv::free(handle, uv::ClosedKind::Prepare);
    closed_one();
}

extern "C" fn on_closed_check(handle: *mut c_void) {
    uv::free(handle, uv::ClosedKind::Check);
    closed_one();
}

fn closed_one() {
    let hooks = CLOSING.with(|cell| {
        let mut closing = cell.borrow_mut();
        closing.0 -= 1;
        if closing.0 == 0 { std::mem::take(&mut closing.1) } else { Vec::new() }
    });
    for hook in hooks {
        // SAFETY: the handle that Node-API gave to `on_cleanup`, removed once.
        unsafe { raw::napi_remove_async_cleanup_hook(hook) };
    }
}
