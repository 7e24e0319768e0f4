// Package arch holds the tests of how the code stands together: which package may
// import which, which calls are banned and why, and which IDs of the security
// design have no test yet. It has nothing to import.
package arch
