/** The one place where templates meet Preact. */
import htm from "htm";
import { h } from "preact";

/**
 * A tagged template that makes virtual DOM: html`<p>${text}</p>`.
 * @type {(strings: TemplateStringsArray, ...values: unknown[]) => import("preact").VNode<any>}
 */
export const html = /** @type {any} */ (htm.bind(h));
