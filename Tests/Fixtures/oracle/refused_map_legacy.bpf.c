// refused: legacy map definitions are not supported
#include "common.h"
struct bpf_map_def { unsigned type, key_size, value_size, max_entries, map_flags; };
struct bpf_map_def map SEC("maps") = {BPF_MAP_TYPE_ARRAY, 4, 4, 1, 0};
USES(uses, &map)
