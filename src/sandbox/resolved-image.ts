/** A sandbox image, pinned to what its reference meant when it was resolved. */
export interface ResolvedImage {
  /** As the operator wrote it. */
  reference: string;
  /** `sha256:…` of the image's configuration. */
  id: string;
  /** Of the image's user `agent`; neither is 0. */
  uid: number;
  gid: number;
  /** The image's own search path, or the usual one. */
  path: string;
}
