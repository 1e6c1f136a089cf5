/** Moving pictures drawn on canvases: stand-ins for cameras and screens. */

const RATE = 8;

type Paint = (context: CanvasRenderingContext2D, width: number, height: number, t: number) => void;

/** Somebody before a wall. */
export function paintPerson(seed: number): MediaStreamTrack {
  const hue = (seed * 67) % 360;
  return paint(640, 360, (context, width, height, t) => {
    const wall = context.createLinearGradient(0, 0, width, height);
    wall.addColorStop(0, `hsl(${hue} 26% 62%)`);
    wall.addColorStop(1, `hsl(${hue + 40} 30% 34%)`);
    context.fillStyle = wall;
    context.fillRect(0, 0, width, height);
    context.fillStyle = `hsl(${hue + 20} 30% 78% / 0.5)`;
    context.fillRect(width * 0.08, height * 0.1, width * 0.2, height * 0.5);
    const x = width * 0.5 + Math.sin(t + seed) * 10;
    const y = height * 0.46 + Math.cos(t * 1.3 + seed) * 5;
    ellipse(context, x, height * 1.08, width * 0.27, height * 0.42, `hsl(${hue + 180} 32% 32%)`);
    ellipse(context, x, y - 14, 68, 84, `hsl(${(seed * 31) % 40} 32% 18%)`);
    ellipse(context, x, y, 56, 72, `hsl(${22 + (seed % 3) * 6} 42% ${74 - (seed % 4) * 12}%)`);
    for (const side of [-1, 1]) ellipse(context, x + side * 20, y - 8, 5, 6, "#222");
    context.strokeStyle = "#7a3b32";
    context.lineWidth = 4;
    context.beginPath();
    context.arc(x, y + 22, 20, 0.2, Math.PI - 0.2);
    context.stroke();
  });
}

/** A page of a report. */
export function paintScreen(): MediaStreamTrack {
  return paint(1280, 720, (context, width, height, t) => {
    context.fillStyle = "#fcfcfa";
    context.fillRect(0, 0, width, height);
    context.fillStyle = "#1d2b3a";
    context.font = "600 44px sans-serif";
    context.fillText("Listeners by week", 80, 110);
    context.fillStyle = "#8792a0";
    context.font = "24px sans-serif";
    context.fillText("All rooms, all protocols", 80, 152);
    for (let bar = 0; bar < 12; bar += 1) {
      const value = 120 + bar * 26 + Math.sin(t + bar) * 24;
      context.fillStyle = bar === 11 ? "#0d7763" : "#c5d9d3";
      context.fillRect(84 + bar * 94, height - 90 - value, 62, value);
    }
  });
}

function paint(width: number, height: number, draw: Paint): MediaStreamTrack {
  const canvas = document.createElement("canvas");
  canvas.width = width;
  canvas.height = height;
  const context = canvas.getContext("2d");
  if (!context) throw new Error("this browser draws no canvas");
  const frame = () => draw(context, width, height, performance.now() / 900);
  frame();
  setInterval(frame, 1000 / RATE);
  const [track] = canvas.captureStream(RATE).getVideoTracks();
  if (!track) throw new Error("this browser captures no canvas");
  return track;
}

function ellipse(
  context: CanvasRenderingContext2D,
  x: number,
  y: number,
  a: number,
  b: number,
  colour: string,
): void {
  context.fillStyle = colour;
  context.beginPath();
  context.ellipse(x, y, a, b, 0, 0, Math.PI * 2);
  context.fill();
}
