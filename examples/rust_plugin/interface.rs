// SPDX-License-Identifier: BSL-1.0
//! The declarations of <pollux/plugin.h> that plugins in Rust use. The header has what each of them promises.
#![allow(dead_code)] // each plugin uses some of them
use std::os::raw::{c_char, c_int, c_void};

pub const INTERFACE_VERSION: u32 = 2;
#[cfg(target_pointer_width = "64")]
pub const ABI: &[u8] = b"c 64-bit\0";
#[cfg(target_pointer_width = "32")]
pub const ABI: &[u8] = b"c 32-bit\0";

pub const READABLE: u8 = 1;
pub const WRITABLE: u8 = 2;
pub const PRIORITY: u8 = 4;
pub const CLOSED: u8 = 8;
pub const FAILED: u8 = 16;
pub const ONESHOT: u8 = 0;
pub const LEVEL: u8 = 1;
pub const EDGE: u8 = 2;
pub const WAKE_TOKEN: u64 = u64::MAX;

#[repr(C)]
pub struct Watch {
    pub token: u64,
    pub interest: u8,
    pub mode: u8,
}

#[repr(C)]
pub struct Event {
    pub token: u64,
    pub ready: u8,
}

/// A constant text that ends with a null byte, or null.
#[repr(transparent)]
pub struct Text(*const c_char);
unsafe impl Sync for Text {}

impl Text {
    pub const NULL: Text = Text(std::ptr::null());

    pub const fn new(text: &'static [u8]) -> Text {
        assert!(text[text.len() - 1] == 0);
        Text(text.as_ptr().cast())
    }
}

// Values of errno of Linux.
pub const EPERM: c_int = 1;
pub const ENOENT: c_int = 2;
pub const EINTR: c_int = 4;
pub const EBADF: c_int = 9;
pub const EAGAIN: c_int = 11;
pub const ENOMEM: c_int = 12;
pub const EEXIST: c_int = 17;
pub const EINVAL: c_int = 22;
pub const EOPNOTSUPP: c_int = 95;

pub const UNSUPPORTED: u32 = 0;
pub const EMULATED: u32 = 1;
pub const NATIVE: u32 = 2;

#[repr(C)]
pub struct Capability {
    pub support: u32,
    pub reason: Text,
}

impl Capability {
    pub const NATIVE: Capability = Capability { support: NATIVE, reason: Text::NULL };

    /// The reason ends with a null byte.
    pub const fn unsupported(reason: &'static [u8]) -> Capability {
        Capability { support: UNSUPPORTED, reason: Text::new(reason) }
    }

    pub const fn emulated(reason: &'static [u8]) -> Capability {
        Capability { support: EMULATED, reason: Text::new(reason) }
    }
}

#[repr(C)]
pub struct Capabilities {
    pub size: u32,
    pub oneshot: Capability,
    pub level: Capability,
    pub edge: Capability,
    pub sockets: Capability,
    pub pipes: Capability,
    pub files: Capability,
    pub priority: Capability,
    pub timeout_resolution: i64,
    pub any_thread: Capability,
    pub any_number: Capability,
    pub highest_source: u64,
    pub unchanged_sources: Capability,
    pub closed_sources: Capability,
}

impl Capabilities {
    /// What a plugin refines. The kernel lets a sleep last a thousandth longer; the rest is the scheduler's.
    pub const NATIVE: Capabilities = Capabilities {
        size: std::mem::size_of::<Capabilities>() as u32,
        oneshot: Capability::NATIVE,
        level: Capability::NATIVE,
        edge: Capability::NATIVE,
        sockets: Capability::NATIVE,
        pipes: Capability::NATIVE,
        files: Capability::NATIVE,
        priority: Capability::NATIVE,
        timeout_resolution: 2_000_000,
        any_thread: Capability::NATIVE,
        any_number: Capability::NATIVE,
        highest_source: u64::MAX,
        unchanged_sources: Capability::NATIVE,
        closed_sources: Capability::NATIVE,
    };
}

#[repr(C)]
pub struct PluginOption {
    pub name: Text,
    pub default_value: Text,
    pub help: Text,
}

#[repr(C)]
pub struct OptionValue {
    pub name: Text,
    pub value: Text,
}

#[repr(C)]
pub struct OpenRequest {
    pub size: u32,
    pub option_count: u32,
    pub options: *const OptionValue,
}

#[repr(C)]
pub struct OpenFailure {
    pub size: u32,
    pub step: [u8; 96],
    pub sentence: [u8; 416],
}

#[repr(C)]
pub struct SelectorFunctions {
    pub size: u32,
    pub add: unsafe extern "C" fn(*mut c_void, c_int, *const Watch) -> c_int,
    pub modify: unsafe extern "C" fn(*mut c_void, c_int, *const Watch) -> c_int,
    pub remove: unsafe extern "C" fn(*mut c_void, c_int) -> c_int,
    pub wake: unsafe extern "C" fn(*mut c_void) -> c_int,
    pub select: unsafe extern "C" fn(*mut c_void, *mut Event, usize, i64, *mut usize) -> c_int,
    pub destroy: unsafe extern "C" fn(*mut c_void, c_int),
}

#[repr(C)]
pub struct Plugin {
    pub interface_version: u32,
    pub size: u32,
    pub abi: Text,
    pub name: Text,
    pub summary: Text,
    pub rank: i32,
    pub option_count: u32,
    pub options: Option<&'static PluginOption>,
    pub capabilities: &'static Capabilities,
    pub functions: &'static SelectorFunctions,
    pub open: unsafe extern "C" fn(*const OpenRequest, *mut *mut c_void, *mut OpenFailure) -> c_int,
}

#[repr(C)]
pub struct Description {
    owner_size: u32,
    content_size: u32,
    note_type: u32,
    owner: [u8; 8],
    magic: [u8; 16],
    size: u32,
    interface_version: u32,
    kind: u32,
    rank: i32,
    abi: [u8; 48],
    name: [u8; 72],
    summary: [u8; 152],
}

impl Description {
    /// Describes a backend. The texts end with a null byte.
    pub const fn new(name: &[u8], rank: i32, summary: &[u8]) -> Description {
        Description {
            owner_size: 7,
            content_size: 304,
            note_type: 1,
            owner: padded(b"Pollux\0"),
            magic: padded(b"\x7fpollux-plugin\n\0"),
            size: 304,
            interface_version: INTERFACE_VERSION,
            kind: 1,
            rank,
            abi: padded(ABI),
            name: padded(name),
            summary: padded(summary),
        }
    }
}

const fn padded<const SIZE: usize>(text: &[u8]) -> [u8; SIZE] {
    let mut bytes = [0; SIZE];
    let mut index = 0;
    while index < text.len() {
        bytes[index] = text[index];
        index += 1;
    }
    bytes
}
