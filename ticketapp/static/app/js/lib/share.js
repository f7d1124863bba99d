/** Share an address through the phone, or copy it. */

/**
 * @param {string} title
 * @param {string} path
 * @returns {Promise<"shared" | "copied" | "cancelled">}
 */
export async function share(title, path) {
  const url = new URL(path, location.origin).href;
  if (navigator.share) {
    try {
      await navigator.share({ title, url });
      return "shared";
    } catch {
      return "cancelled";
    }
  }
  await navigator.clipboard.writeText(url);
  return "copied";
}
