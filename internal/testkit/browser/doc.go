// Package browser drives a headless Chromium for tests that carry the build tag
// browser: opening pages at a width, axe, and what a page must never do. It needs
// Chromium and axe-core (`npm ci` in .ci, or AXE_SCRIPT).
package browser
