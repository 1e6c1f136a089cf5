/** Reads what a server sent and believes only what has the right shape; it knows no session. */

import { AntiphonError } from "../errors.js";
import { partShapes, type Shape, type Shapes, serverShapes } from "../generated/shapes.js";
import type { ServerMessage } from "../generated/signalling.js";

/** A message of a type that a newer server may know; its `seq` counts all the same. */
export interface UnknownMessage {
  type: "unknown";
  name: string;
  seq: number | null;
}

/** Reads one text frame; throws AntiphonError `protocol` when it is malformed. */
export function readMessage(data: unknown): ServerMessage | UnknownMessage {
  if (typeof data !== "string") throw malformed("a frame that is not text");
  const value = parseJson(data);
  if (!isRecord(value) || typeof value.type !== "string") throw malformed("no message type");
  const shapes = Object.hasOwn(serverShapes, value.type) ? serverShapes[value.type] : undefined;
  if (shapes === undefined) {
    return { type: "unknown", name: value.type, seq: isInteger(value.seq) ? value.seq : null };
  }
  checkFields(value, shapes, value.type);
  return value as unknown as ServerMessage;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new AntiphonError("protocol", "The server sent malformed JSON.", { cause: error });
  }
}

function checkFields(value: unknown, shapes: Shapes, where: string): void {
  if (!isRecord(value)) throw malformed(where);
  for (const [field, shape] of Object.entries(shapes)) {
    checkValue(Object.hasOwn(value, field) ? value[field] : undefined, shape, `${where}.${field}`);
  }
}

function checkValue(value: unknown, shape: Shape, where: string): void {
  if (typeof shape === "string") {
    const fits = shape === "integer" ? isInteger(value) : typeof value === shape;
    if (!fits) throw malformed(where);
  } else if ("optional" in shape) {
    if (value !== undefined) checkValue(value, shape.optional, where);
  } else if ("nullable" in shape) {
    if (value !== null) checkValue(value, shape.nullable, where);
  } else if ("list" in shape) {
    if (!Array.isArray(value)) throw malformed(where);
    for (const item of value) checkValue(item, shape.list, `${where}[]`);
  } else if ("map" in shape) {
    if (!isRecord(value)) throw malformed(where);
    for (const item of Object.values(value)) checkValue(item, shape.map, `${where}{}`);
  } else {
    checkFields(value, partShapes[shape.part] ?? {}, where);
  }
}

function malformed(where: string): AntiphonError {
  return new AntiphonError("protocol", `The server sent a malformed message: ${where}.`);
}

function isRecord(value: unknown): value is { [field: string]: unknown } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isInteger(value: unknown): value is number {
  return Number.isSafeInteger(value);
}
