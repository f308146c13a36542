/** A file read by range requests, for hyparquet. */

const FIRST_BYTES = 65536; // holds most area tables whole, so that one request does

/**
 * The first request tells the length too: no HEAD, and no suffix range, which some storage services refuse.
 * @param {string} url
 * @returns {Promise<import('hyparquet').AsyncBuffer>}
 */
export async function openRemoteFile(url) {
  const response = await fetchPart(url, 0, FIRST_BYTES);
  const head = await response.arrayBuffer();
  const total = response.headers.get('Content-Range')?.split('/')[1];
  const byteLength = response.status === 206 && total ? Number(total) : head.byteLength;
  return {
    byteLength,
    slice: async (start, end = byteLength) => (
      end <= head.byteLength ? head.slice(start, end) : (await fetchPart(url, start, end)).arrayBuffer()
    ),
  };
}

/**
 * @param {string} url
 * @param {number} start
 * @param {number} end first byte not wanted
 */
async function fetchPart(url, start, end) {
  const response = await fetch(url, {headers: {Range: `bytes=${start}-${end - 1}`}});
  if (!response.ok) throw new Error(`the server answered ${response.status}`);
  return response;
}
