// refused: refused_verifier.bpf.c
#include "common.h"
SEC("xdp") int reads(struct xdp_md *context) { return *(int *)(long)context->data; }
