/* SPDX-License-Identifier: Apache-2.0 */
/* The normal form as an eBPF program of type BPF_PROG_TYPE_CGROUP_DEVICE. Pure. */
#ifndef HUSK_CGROUP_DEVICE_PROG_H
#define HUSK_CGROUP_DEVICE_PROG_H

#include <cgroup/devices.h>
#include <kern/bpf.h>

/* 0 or -ENOMEM; the caller frees ret->v. */
int cgroup_device_program(const struct cgroup_devices *d, struct bpf_code *ret) nodiscard;

#endif
