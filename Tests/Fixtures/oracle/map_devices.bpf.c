// Devices and CPUs to send packets to, with and without programs.
#include "common.h"
MAP(ports, BPF_MAP_TYPE_DEVMAP, __u32, __u32, 4, );
MAP(ports_with_programs, BPF_MAP_TYPE_DEVMAP, __u32, struct bpf_devmap_val, 4, );
MAP(by_index, BPF_MAP_TYPE_DEVMAP_HASH, __u32, struct bpf_devmap_val, 4, );
MAP(processors, BPF_MAP_TYPE_CPUMAP, __u32, struct bpf_cpumap_val, 2, );
USES(uses, &ports, &ports_with_programs, &by_index, &processors)
