/** Whether this browser can share a screen at all (telephones mostly cannot). */

export function canShareScreen(): boolean {
  return typeof navigator !== "undefined" && !!navigator.mediaDevices?.getDisplayMedia;
}
