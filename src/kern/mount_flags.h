/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kernel's words for mounts, MS_* and MOUNT_ATTR_*, from its own header: <sys/mount.h> of some libc versions
 * clashes with it, so nobody includes both. No libc here: husk-init sees this file too.
 */
#ifndef HUSK_KERN_MOUNT_FLAGS_H
#define HUSK_KERN_MOUNT_FLAGS_H

#include <linux/mount.h>

#ifndef MOUNT_ATTR_NOSYMFOLLOW /* kernel headers before 5.14 */
#define MOUNT_ATTR_NOSYMFOLLOW 0x00200000
#endif

#endif
