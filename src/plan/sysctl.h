/* SPDX-License-Identifier: Apache-2.0 */
/* How keys of linux.sysctl are written. */
#ifndef HUSK_PLAN_SYSCTL_H
#define HUSK_PLAN_SYSCTL_H

/* Turns the key into a path below /proc/sys, in place: "net.ipv4.ip_forward", "net/ipv4/ip_forward". */
void sysctl_to_path(char *key);

#endif
