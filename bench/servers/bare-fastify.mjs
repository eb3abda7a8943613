// Fastify with one route and nothing around it. Its first line says where it listens.
import { fastify } from 'fastify';

const { BODY = '{}', ROUTE = '/' } = process.env;
const body = JSON.parse(BODY);

const server = fastify();
server.get(ROUTE, async () => body);
console.log(await server.listen({ port: 0, host: '127.0.0.1' }));
