/* The parts of the Windows stand-in, and what they promise each other. */
#ifndef LAB_WINDOWS_PARTS_H
#define LAB_WINDOWS_PARTS_H

/* service.c: the commands of wrapper.exe that the .bat files call. Each prints a line and returns an exit status. */
int service_install(void);
int service_remove(void);
int service_start(void);
int service_stop(void);
int service_query(void);
/* service.c: runs as the service; returns when it has stopped. */
int service_dispatch(void);

/* net.c: what the stand-in for `net.exe` does with its arguments, argv[0] being `user`. Returns the exit status. */
int net_user(int argc, char **argv);

/* hold.c: keeps a file open and shares it with nobody, until it is ended. Returns an exit status. */
int hold(const char *path);

#endif
