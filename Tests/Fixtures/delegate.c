// Runs a command as root of a user namespace with a network of its own, and a bpffs at /sys/fs/bpf that
// delegates BPF to it (or, with DELEGATE=no in the environment, does not).
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void check(int result, const char *what) {
  if (result >= 0)
    return;
  fprintf(stderr, "%s: %s\n", what, strerror(errno));
  exit(99);
}

static void send_descriptor(int socket, int descriptor) {
  char byte = 0, control[CMSG_SPACE(sizeof(int))] = {0};
  struct iovec io = {&byte, 1};
  struct msghdr message = {
    .msg_iov = &io, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control)};
  struct cmsghdr *header = CMSG_FIRSTHDR(&message);
  *header = (struct cmsghdr){
    .cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS};
  memcpy(CMSG_DATA(header), &descriptor, sizeof(int));
  check(sendmsg(socket, &message, 0), "sendmsg");
}

static int receive_descriptor(int socket) {
  char byte, control[CMSG_SPACE(sizeof(int))];
  struct iovec io = {&byte, 1};
  struct msghdr message = {
    .msg_iov = &io, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control)};
  check(recvmsg(socket, &message, 0), "recvmsg");
  if (!CMSG_FIRSTHDR(&message))
    exit(98);
  int descriptor;
  memcpy(&descriptor, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(int));
  return descriptor;
}

static void write_file(const char *path, const char *text) {
  int file = open(path, O_WRONLY);
  check(file, path);
  check(write(file, text, strlen(text)), path);
  close(file);
}

int main(int argc, char **argv) {
  int pair[2];
  char byte;
  check(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), "socketpair");
  pid_t child = fork();
  if (child == 0) {
    check(unshare(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWNET), "unshare");
    check(write(pair[1], "x", 1), "write");
    check(read(pair[1], &byte, 1), "read");
    check(setgid(0), "setgid");
    check(setuid(0), "setuid");
    check(mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL), "private");
    int filesystem = syscall(SYS_fsopen, "bpf", 0);
    check(filesystem, "fsopen");
    send_descriptor(pair[1], filesystem);
    int mounted = receive_descriptor(pair[1]);
    check(syscall(SYS_move_mount, mounted, "", AT_FDCWD, "/sys/fs/bpf", 4), "move_mount");
    check(system("ip link set lo up"), "ip");
    close(mounted);
    close(filesystem);
    close(pair[0]);
    close(pair[1]);
    execvp(argv[1], argv + 1);
    check(-1, argv[1]);
  }
  char path[64];
  check(read(pair[0], &byte, 1), "read");
  snprintf(path, sizeof(path), "/proc/%d/uid_map", child);
  write_file(path, "0 0 4294967295");
  snprintf(path, sizeof(path), "/proc/%d/gid_map", child);
  write_file(path, "0 0 4294967295");
  check(write(pair[0], "x", 1), "write");
  int filesystem = receive_descriptor(pair[0]);
  const char *options[] = {"delegate_cmds", "delegate_maps", "delegate_progs", "delegate_attachs"};
  const char *delegate = getenv("DELEGATE");
  for (int i = 0; i < (delegate && !strcmp(delegate, "no") ? 0 : 4); i++)
    check(syscall(SYS_fsconfig, filesystem, 1, options[i], "any", 0), options[i]);
  check(syscall(SYS_fsconfig, filesystem, 6, NULL, NULL, 0), "create");
  int mounted = syscall(SYS_fsmount, filesystem, 0, 0);
  check(mounted, "fsmount");
  send_descriptor(pair[0], mounted);
  int status;
  check(waitpid(child, &status, 0), "waitpid");
  return WIFEXITED(status) ? WEXITSTATUS(status) : 97;
}
