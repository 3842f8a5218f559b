// SPDX-License-Identifier: BSL-1.0
#pragma once

// What has the same value in the <sys/event.h> of FreeBSD, Darwin, OpenBSD and NetBSD.
#define EV_ADD 0x0001
#define EV_DELETE 0x0002
#define EV_ENABLE 0x0004
#define EV_DISABLE 0x0008
#define EV_ONESHOT 0x0010
#define EV_CLEAR 0x0020
#define EV_RECEIPT 0x0040
#define EV_DISPATCH 0x0080
#define EV_ERROR 0x4000
#define EV_EOF 0x8000

#define NOTE_OOB 0x0002
#define NOTE_TRIGGER 0x01000000
