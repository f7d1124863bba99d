/* Tell the page that shows this frame that the bank is through. */
if (window.parent !== window) {
  window.parent.postMessage("3ds-complete", window.location.origin);
}
