// Padding between variables, of different alignment and size.
#include "common.h"
struct big { char a; long b; char c; } __attribute__((aligned(64)));
char one = 1;
struct big large = {1, 2, 3};
short two = 2;
const volatile char text[5] = "abcd";
const volatile struct big constant = {4, 5, 6};
SEC("socket") int sum(void *context) { return one++ + two++ + large.b++ + text[1] + constant.b; }
