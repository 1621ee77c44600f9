//! Makes the host calls that Pointsman makes for the benchmark's requests, in the same callbacks and the same order, and
//! decides nothing: what is left is the price that any Wasm filter pays for routing by body.
//!
//! The configuration is a line of words: the role (`stop`, or `router` and `gate` for the other hold mode), and what is
//! left out to see what it costs (`Without`). The place of the model is known beforehand, see `model_at`.

mod host;

use std::cell::{Cell, RefCell};

/// As the product does: more than this of a body never crosses at once.
const PIECE: usize = 64 << 10;
/// Streams that can be under way at the same time: the benchmark has 16 connections.
const STREAMS: usize = 256;

const CLUSTER_HEADER: &[u8] = b"x-pointsman-cluster";
const UNDECIDED: &[u8] = b"pointsman-undecided";
const CLUSTER: &[u8] = b"small";
const MODEL: &[u8] = br#""llama-small-2025""#;
const ASKED: &[u8] = br#""auto""#;
/// What stands in front of the model or behind it in the benchmark's bodies.
const BEFORE: usize = br#"{"model":"#.len();
const BEHIND: &[u8] = br#","stream":false,"temperature":0.2,"max_tokens":512}"#;

const HOLD: &[u8] = b"pointsman_hold";
/// Taken away until the request is decided: without it no route fits.
const ROUTABLE: &[u8] = b"x-forwarded-proto";
const ADDRESS: &[u8] = b"pointsman_gate";
/// As long as the product's for these requests.
const RECORD: [u8; 273] = [b'r'; 273];

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Role {
    #[default]
    Stop,
    Router,
    Gate,
}

/// One thing each that is not done. A cluster header nobody sets needs a route that does not ask for it.
#[derive(Clone, Copy, Debug, Default)]
struct Without {
    /// Headers pass at once; only the body is held.
    hold: bool,
    /// Nothing is held at all, body callbacks look and let go.
    pause: bool,
    headers: bool,
    fetch: bool,
    splice: bool,
    length: bool,
    cluster: bool,
    record: bool,
    /// Twelve headers by name instead of the whole map.
    map: bool,
}

#[derive(Clone, Copy, Debug, Default)]
struct Plugin {
    root: u32,
    role: Role,
    without: Without,
    queue: u32,
}

#[derive(Clone, Copy, Debug, Default)]
struct Stream {
    plugin: Plugin,
    read: usize,
    decided: bool,
    gate: Option<(u32, u32)>,
}

thread_local! {
    static PLUGINS: RefCell<Vec<Plugin>> = const { RefCell::new(Vec::new()) };
    static CREATED: Cell<u32> = const { Cell::new(0) };
    static UNDER_WAY: [Cell<Stream>; STREAMS] = std::array::from_fn(|_| Cell::default());
}

fn stream<R>(context: u32, act: impl FnOnce(&Cell<Stream>) -> R) -> R {
    UNDER_WAY.with(|streams| act(&streams[context as usize % STREAMS]))
}

/// Root 0 is nobody's: the floor without `proxy_on_context_create` has one plugin and needs no more.
fn plugin(root: u32) -> Option<Plugin> {
    PLUGINS.with_borrow(|plugins| plugins.iter().find(|plugin| root == 0 || plugin.root == root).copied())
}

fn on_configure(root: u32, size: usize) -> bool {
    let mut plugin = Plugin { root, ..Plugin::default() };
    let known = host::configuration(size, |words| {
        words.split(' ').all(|word| {
            let without = &mut plugin.without;
            match word {
                "stop" => plugin.role = Role::Stop,
                "router" => plugin.role = Role::Router,
                "gate" => plugin.role = Role::Gate,
                "no-hold" => without.hold = true,
                "no-pause" => without.pause = true,
                "no-headers" => without.headers = true,
                "no-fetch" => without.fetch = true,
                "no-splice" => without.splice = true,
                "no-length" => without.length = true,
                "no-cluster" => without.cluster = true,
                "no-record" => without.record = true,
                "no-map" => without.map = true,
                _ => return false,
            }
            true
        })
    });
    if known && plugin.role == Role::Gate {
        plugin.queue = host::register_queue(format!("floor.{root}.{}", host::now()).as_bytes());
    }
    PLUGINS.with_borrow_mut(|plugins| plugins.push(plugin));
    known
}

fn on_context_create(_context: u32, parent: u32) {
    if parent != 0 {
        CREATED.set(parent);
    }
}

fn on_request_headers(context: u32) -> u32 {
    let Some(plugin) = plugin(CREATED.get()) else {
        return host::CONTINUE;
    };
    if plugin.role == Role::Gate {
        return gate_headers(&plugin, context);
    }
    stream(context, |stream| stream.set(Stream { plugin, ..Stream::default() }));
    let without = plugin.without;
    if without.map {
        for name in [&b":path"[..], b":method", b":authority", b"content-type", b"content-length", b"content-encoding"]
        {
            host::header(name);
        }
        for name in [&b"x-team"[..], b"x-project", b"x-desk", b"x-cost-center", b"x-experiment", b"x-session-id"] {
            host::header(name);
        }
    } else if !without.headers {
        host::header_map();
    }
    match plugin.role {
        _ if without.hold || without.pause => host::CONTINUE,
        Role::Router => {
            host::header(ROUTABLE);
            host::set_header(CLUSTER_HEADER, UNDECIDED);
            host::set_property(HOLD, b"1");
            host::remove_header(ROUTABLE);
            host::CONTINUE
        }
        _ => host::PAUSE,
    }
}

fn on_request_body(context: u32, size: usize) -> u32 {
    stream(context, |cell| {
        let mut stream = cell.get();
        let action = body(&mut stream, size);
        cell.set(stream);
        action
    })
}

fn body(stream: &mut Stream, size: usize) -> u32 {
    let Plugin { role, without, .. } = stream.plugin;
    if stream.decided {
        if role != Role::Gate && !without.fetch {
            fetch(0, size, |_, _| ());
        }
        return host::CONTINUE;
    }
    if role == Role::Router && stream.gate.is_none() {
        stream.gate = host::property(ADDRESS, |address| {
            let (queue, context) = address.split_first_chunk()?;
            Some((u32::from_le_bytes(*queue), u32::from_le_bytes(*context.first_chunk()?)))
        });
    }
    // Without its bytes the model's place is that of the 1 KB body.
    let mut model = without.fetch.then(|| size - BEHIND.len() - ASKED.len());
    // Most values lie in the first piece, which is at hand.
    let mut prefix = Vec::new();
    if !without.fetch {
        fetch(stream.read, size, |at, piece| {
            model = model.or_else(|| model_at(at, piece));
            if let (0, Some(front)) = (at, model.and_then(|keep| piece.get(..keep))) {
                prefix.reserve_exact(front.len() + MODEL.len());
                prefix.extend_from_slice(front);
            }
        });
    }
    stream.read = size;
    let Some(keep) = model else {
        return if without.pause { host::CONTINUE } else { host::PAUSE };
    };
    stream.decided = true;
    decide(stream, size, keep, prefix);
    host::CONTINUE
}

fn decide(stream: &Stream, size: usize, keep: usize, mut prefix: Vec<u8>) {
    let without = stream.plugin.without;
    // What leaves the length as it is must be as long.
    let model = if without.length { ASKED } else { MODEL };
    if !without.splice {
        fetch(prefix.len(), keep, |_, piece| prefix.extend_from_slice(piece));
        prefix.extend_from_slice(model);
        host::replace_body(keep + ASKED.len(), &prefix);
    }
    let length = if without.splice { size } else { size + model.len() - ASKED.len() };
    let length = length.to_string();
    match stream.gate {
        Some((queue, context)) => {
            let mut letter = Vec::with_capacity(64);
            letter.extend(context.to_le_bytes());
            letter.extend(length.as_bytes());
            host::enqueue(queue, &letter);
        }
        None => edit_headers(&without, length.as_bytes()),
    }
    if !without.record {
        host::set_property(b"pointsman", &RECORD);
    }
}

fn edit_headers(without: &Without, length: &[u8]) {
    if !without.length {
        host::set_header(b"content-length", length);
    }
    if !without.cluster {
        host::set_header(CLUSTER_HEADER, CLUSTER);
    }
}

fn fetch(mut at: usize, until: usize, mut seen: impl FnMut(usize, &[u8])) {
    while at < until {
        let length = host::body(at, PIECE.min(until - at), |piece| {
            seen(at, piece);
            piece.len()
        });
        if length == 0 {
            break;
        }
        at += length;
    }
}

/// The model stands in front of the messages or right at the end: two comparisons, no search.
fn model_at(at: usize, piece: &[u8]) -> Option<usize> {
    if at == 0 && piece.get(BEFORE..).is_some_and(|rest| rest.starts_with(ASKED)) {
        return Some(BEFORE);
    }
    let front = piece.strip_suffix(BEHIND)?.strip_suffix(ASKED)?;
    Some(at + front.len())
}

fn gate_headers(plugin: &Plugin, context: u32) -> u32 {
    host::header(CLUSTER_HEADER);
    host::property(HOLD, |_| Some(()));
    let mut address = plugin.queue.to_le_bytes().to_vec();
    address.extend(context.to_le_bytes());
    host::set_property(ADDRESS, &address);
    stream(context, |stream| stream.set(Stream { plugin: *plugin, decided: true, ..Stream::default() }));
    host::PAUSE_ALL
}

fn on_queue_ready(root: u32, queue: u32) {
    let Some(plugin) = plugin(root) else {
        return;
    };
    let letter = host::dequeue(queue);
    if let Some((context, length)) = letter.split_first_chunk() {
        host::act_for(u32::from_le_bytes(*context));
        edit_headers(&plugin.without, length);
        host::set_header(ROUTABLE, b"http");
        host::resume();
    }
}
