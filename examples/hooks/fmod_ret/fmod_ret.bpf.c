// SPDX-License-Identifier: Apache-2.0
//
// fmod_ret: may answer in place of a function of the kernel's that decides whether something is
// allowed. socket(2) of AF_ALG, the kernel's cryptography, is denied. The second release (-DRELEASE=2)
// denies AF_VSOCK as well.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#define EPERM 1
#define AF_ALG 38
#define AF_VSOCK 40

SEC("fmod_ret/security_socket_create")
int BPF_PROG(deny, int family, int type, int protocol, int kern, int result) {
#if RELEASE >= 2
  if (family == AF_VSOCK)
    return -EPERM;
#endif
  return family == AF_ALG ? -EPERM : 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
